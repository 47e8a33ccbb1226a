"""The engine: a deterministic state machine over an ordered store. No I/O, clock or randomness."""
