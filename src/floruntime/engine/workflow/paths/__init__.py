"""Paths into what a run knows, and the templates that are made of them."""
