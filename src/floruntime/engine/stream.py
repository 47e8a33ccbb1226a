"""Streams: the rules of append-only streams."""
