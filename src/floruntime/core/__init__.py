"""What client and server share: messages, values, errors, limits and the wire format."""
