"""NATS JetStream, which keeps the logs, the board and the checkpoints of a cluster."""
