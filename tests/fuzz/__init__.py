"""Hostile bytes against a whole server that serves others meanwhile."""
