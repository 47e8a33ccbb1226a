"""`flo server`, and what looks at a server: `flo top`, `flo console`, `flo verify`."""
