"""`flo workflow`."""
