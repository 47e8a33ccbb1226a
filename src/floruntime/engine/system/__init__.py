"""The parts that all primitives use: timers, namespaces, reclaiming, lost answers, tokens."""
