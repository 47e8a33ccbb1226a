"""Queues: priorities, delays, leases, dead letters."""
