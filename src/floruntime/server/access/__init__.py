"""Who may come in, as what, for how long, and what each role may ask for."""
