"""What all parts of the client are made of: calls, values, pages, and what is endless."""
