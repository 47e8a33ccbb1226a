"""Where the state is stored: the data directory, its disk, and checking it from outside."""
