"""`client.kv`, with its transactions, its cache and its watch."""
