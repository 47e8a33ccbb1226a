"""The way to a server: a connection that is made again, and the calls that are under way on it."""
