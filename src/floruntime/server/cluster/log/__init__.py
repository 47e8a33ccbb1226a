"""The log of a partition: what is in it, and how far a store has followed it."""
