"""What all nodes see: the board, the nodes on it, the leases, and where each partition lies."""
