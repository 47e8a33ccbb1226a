"""What clients do in a simulation, and how it is judged: a module for each kind of work."""
