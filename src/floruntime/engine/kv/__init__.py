"""KV: versioned keys, their history, and watches of their changes."""
