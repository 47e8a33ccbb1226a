"""What plain handlers are given, as an editor should know it: in a thread the client is waited for.

`def handle(ctx: floruntime.sync.ActionContext)`; the object is that of every handler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floruntime.client.worker.contexts import ActionContext as _ActionContext
from floruntime.client.worker.contexts import QueueContext as _QueueContext
from floruntime.client.worker.contexts import StreamContext as _StreamContext

if TYPE_CHECKING:
    from floruntime.sync.client import FloClient


class ActionContext(_ActionContext):
    """`floruntime.ActionContext`, of a plain handler: nothing of it is awaited."""

    if TYPE_CHECKING:

        @property
        def client(self) -> FloClient:  # type: ignore[override]  # the point of this class
            ...

        def touch(self, extend_ms: int = 30_000) -> None:  # type: ignore[override]  # likewise
            ...


class QueueContext(_QueueContext):
    """`floruntime.QueueContext`, of a plain handler: nothing of it is awaited."""

    if TYPE_CHECKING:

        @property
        def client(self) -> FloClient:  # type: ignore[override]  # the point of this class
            ...

        def touch(self, extend_ms: int = 30_000) -> None:  # type: ignore[override]  # likewise
            ...


class StreamContext(_StreamContext):
    """`floruntime.StreamContext`, of a plain handler: nothing of it is awaited."""

    if TYPE_CHECKING:

        @property
        def client(self) -> FloClient:  # type: ignore[override]  # the point of this class
            ...

        def touch(self, extend_ms: int = 30_000) -> None:  # type: ignore[override]  # likewise
            ...
