"""Access control: who may connect, as what, for how long, and what each role may ask for."""
