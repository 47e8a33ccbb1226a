"""A node's copies of partitions on its disk: following a log, checkpoints, backups."""
