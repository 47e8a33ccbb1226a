"""What all nodes share: the board, the nodes on it, the leases, and the place of each partition."""
