"""HTTP on the server's port: health, calls, events, metrics, files; `h11` does the parsing."""
