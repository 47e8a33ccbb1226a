"""`flo stream` and `flo stream group`."""
