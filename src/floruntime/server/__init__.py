"""The server: listeners, sessions, group commit, waits, configuration. All I/O and clocks."""
