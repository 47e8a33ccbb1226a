"""What both ends share: messages, values, errors, limits and the wire format."""
