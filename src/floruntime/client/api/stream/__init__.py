"""`client.stream`, its consumer groups and its followers."""
