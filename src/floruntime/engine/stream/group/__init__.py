"""Consumer groups: who reads what of a stream, and how deliveries end."""
