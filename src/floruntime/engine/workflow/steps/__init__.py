"""The kinds of steps: actions, child workflows, plans of executors, waits for signals, and more."""
