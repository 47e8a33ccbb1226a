"""The port, its sockets, what is spoken on them, and the conversation that each carries."""
