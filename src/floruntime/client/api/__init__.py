"""What a client can do: a module for each primitive. Nothing here knows of connections."""
