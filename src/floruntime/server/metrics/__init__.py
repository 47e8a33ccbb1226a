"""What the server counts of itself, and how a scrape of metrics sees it."""
