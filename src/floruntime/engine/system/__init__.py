"""What serves all primitives: timers, namespaces, reclaiming, lost answers, tokens."""
