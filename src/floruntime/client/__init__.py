"""The client: how a person calls the server.

`link` is the way to a server: connections, and which calls are under way. `api` has a room for
each primitive. `worker` runs a person's handlers. `client.py` puts them together.
"""
