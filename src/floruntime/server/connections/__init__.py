"""The port, its sockets, their protocols, and the conversation on each connection."""
