"""What all parts of the client are built on: calls, values, pages and endless iterators."""
