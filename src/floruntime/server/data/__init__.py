"""What the state lies in: the data directory, its disk, and looking at it from outside."""
