"""The rules: a deterministic state machine over an ordered store. No I/O, no clock, no chance."""
