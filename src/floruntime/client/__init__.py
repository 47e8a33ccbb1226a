"""The client of a Flo server.

`link` connects to a server and tracks the calls under way. `api` has a package for each primitive.
`worker` runs an application's handlers. `client.py` puts them together.
"""
