"""What a client can do: a room for each primitive. Nothing here knows of connections."""
