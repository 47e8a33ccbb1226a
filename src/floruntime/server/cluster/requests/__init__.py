"""A request's way through a node: to the leader, or answered from a copy."""
