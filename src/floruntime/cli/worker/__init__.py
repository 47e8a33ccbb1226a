"""`flo worker`."""
