"""Real server processes, killed while clients write: nothing acknowledged is ever lost."""
