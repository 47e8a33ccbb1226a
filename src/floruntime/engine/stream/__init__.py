"""Streams: partitions of records, and what is kept of them."""
