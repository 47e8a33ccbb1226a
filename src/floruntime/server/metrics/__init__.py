"""What the server counts of itself, and how a scrape sees it."""
