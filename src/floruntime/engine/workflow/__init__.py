"""Workflows: definitions in YAML, and runs that go through their steps."""
