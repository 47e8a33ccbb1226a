"""How fast Flo is, beside Redis and alone. See `README.md` here; run with `python -m bench`."""
