"""Workers: they claim runs, messages or records, and pass them to an application's handlers."""
