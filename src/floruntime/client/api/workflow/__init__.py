"""`client.workflow`."""
