"""The leads of a cluster alone: clients ask whoever leads, without connections in between."""
