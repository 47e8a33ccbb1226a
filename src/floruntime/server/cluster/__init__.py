"""Flo on many machines: partitions, each a log in NATS JetStream, and their leaders."""
