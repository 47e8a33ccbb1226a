"""The language of definitions: reading, checking, and describing them, without any state."""
