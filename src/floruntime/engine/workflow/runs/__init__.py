"""Runs of workflows: their rows, their way through the steps, and the calls on them."""
