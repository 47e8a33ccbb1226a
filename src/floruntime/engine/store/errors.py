"""Errors of a store. None of them is sent to a client: the process ends on them."""

from __future__ import annotations


class StoreError(Exception):
    """Base of what can be wrong with a store or its data directory. The message says what to do."""


class StoreFailedError(StoreError):
    """A write or sync failed, or the store is closed. End the process; never try again in place.

    After a failed sync nobody knows what is on disk, and asking again may lie. A restart recovers
    everything that was answered.
    """


class StoreUnusableError(StoreError):
    """What is stored is well, but its surroundings do not let it be used: a full disk, say."""


class StoreDamagedError(StoreError):
    """What is stored is not what was written: something was lost or changed on disk.

    `lost_commands`: how many durable commands are missing, as far as that is known.
    """

    def __init__(self, message: str, *, lost_commands: int | None = None) -> None:
        super().__init__(message)
        self.lost_commands = lost_commands
