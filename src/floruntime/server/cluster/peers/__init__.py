"""Communication between nodes: the asking node has a `link`, the leader a `speaker`."""
