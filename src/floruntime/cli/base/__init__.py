"""What every command stands on: the connection, options, output, errors."""
