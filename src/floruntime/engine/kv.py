"""KV: the rules of versioned keys."""
