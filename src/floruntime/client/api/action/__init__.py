"""`client.action`."""
