"""`client.worker`."""
