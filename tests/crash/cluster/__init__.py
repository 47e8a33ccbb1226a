"""A cluster of real processes, NATS and Flo, whose parts are killed while clients write."""
