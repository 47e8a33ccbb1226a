"""The store: an ordered map of bytes with atomic batches, snapshots and range scans."""

from floruntime.engine.store.errors import StoreDamagedError, StoreError, StoreFailedError
from floruntime.engine.store.protocol import Changes, Reader, Store

__all__ = [
    "Changes",
    "Reader",
    "Store",
    "StoreDamagedError",
    "StoreError",
    "StoreFailedError",
]
