"""Nodes of a cluster over a simulated NATS: its logs, its board and its hints, cut off and late."""
