"""Paths into the data of a run, and the templates made of them."""
