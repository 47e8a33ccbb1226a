"""Going straight to whoever leads, in a cluster."""
