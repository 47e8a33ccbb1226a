"""Long and heavy runs of a real server: `make load`, `make soak`."""
