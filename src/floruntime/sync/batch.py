"""`Batch`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from floruntime.client.api.batch import Batch as AsyncBatch
from floruntime.client.api.batch import (
    BatchAction,
    BatchKv,
    BatchQueue,
    BatchStream,
    BatchWorker,
    BatchWorkflow,
)
from floruntime.sync.standing import Standing, at_once


class Batch(Standing[AsyncBatch]):
    """Collects writes and sends them when its block ends without an exception.

    `with client.batch() as b: b.kv.put(...)`: nothing in the block is awaited. Afterwards
    `results` holds, in order, what each method would have returned outside a batch.

    If a write is refused, its error is raised with `.index`, the position of that write, and none
    of the writes happened. In a batch a stale lease is refused too (`ConflictError`). A batch is
    for one block and one namespace, and takes at most 1,000 writes and 4 MiB.
    """

    @property
    def kv(self) -> BatchKv:
        """As in the asynchronous client."""
        return self._of.kv

    @property
    def queue(self) -> BatchQueue:
        """As in the asynchronous client."""
        return self._of.queue

    @property
    def stream(self) -> BatchStream:
        """As in the asynchronous client."""
        return self._of.stream

    @property
    def streams(self) -> BatchStream:
        """As in the asynchronous client."""
        return self._of.streams

    @property
    def action(self) -> BatchAction:
        """As in the asynchronous client."""
        return self._of.action

    @property
    def worker(self) -> BatchWorker:
        """As in the asynchronous client."""
        return self._of.worker

    @property
    def workflow(self) -> BatchWorkflow:
        """As in the asynchronous client."""
        return self._of.workflow

    @property
    def results(self) -> list[Any]:
        """As in the asynchronous client."""
        return self._of.results

    def __enter__(self) -> Self:
        at_once(self._of.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bridge.run(self._of.__aexit__(kind, error, traceback))
