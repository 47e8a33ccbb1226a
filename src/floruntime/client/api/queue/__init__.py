"""`client.queue`."""
