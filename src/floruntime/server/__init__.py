"""The server: listeners, sessions, group commit, waiters, configuration. All I/O and clocks."""
