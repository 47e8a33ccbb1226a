"""A client's connection to a server, made again when lost, and the calls under way on it."""
