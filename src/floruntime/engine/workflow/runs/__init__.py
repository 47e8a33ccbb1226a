"""Runs of workflows: their rows, their way through the steps, and what callers ask of them."""
