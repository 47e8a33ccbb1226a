"""What a step can be: an action, a child workflow, a plan of executors, a wait for a signal."""
