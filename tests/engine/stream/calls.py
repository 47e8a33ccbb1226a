"""Calls of streams that several tests make."""

from __future__ import annotations

from typing import Any

from floruntime.core.stream import StreamAppend, StreamID
from tests.engine.harness import Engine


def fill(engine: Engine, count: int, *, every_ms: int = 0, **options: Any) -> list[StreamID]:
    """Append the numbers from 0 to the stream `s`, each in a commit of its own; their ids."""
    ids = []
    for number in range(count):
        [appended] = engine.run(StreamAppend("s", [b"%d" % number], **options))
        ids.append(appended.id)
        engine.now_ms += every_ms
    return ids
