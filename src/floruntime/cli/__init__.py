"""The command line: `flo GROUP COMMAND …`."""
