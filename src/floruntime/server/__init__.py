"""The server: listeners, sessions, group commit, waiters, configuration, the data directory."""
