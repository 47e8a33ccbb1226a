"""The client: how a person calls the server."""
