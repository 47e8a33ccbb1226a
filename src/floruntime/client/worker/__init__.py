"""Workers: they claim runs or records and hand them to a person's handlers."""
