"""Actions, their runs, and the workers that claim them."""
