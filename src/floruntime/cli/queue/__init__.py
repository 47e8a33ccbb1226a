"""`flo queue`."""
