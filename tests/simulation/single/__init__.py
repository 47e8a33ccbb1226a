"""One server on one machine, which loses its power, its disk's room and its connections."""
