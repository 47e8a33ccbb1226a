"""The methods of a client: one package for each primitive. Nothing here deals with connections."""
