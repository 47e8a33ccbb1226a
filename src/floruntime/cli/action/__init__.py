"""`flo action`."""
