"""`client.stream`, with its groups and what follows it."""
