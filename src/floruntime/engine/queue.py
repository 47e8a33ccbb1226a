"""Queues: the rules of priority queues with leases."""
