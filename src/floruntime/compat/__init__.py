"""This package in the shapes of others, for programs that were written against those."""
