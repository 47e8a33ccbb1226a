"""Leading a partition: a term, its journal, publishing, and a log that was set back."""
