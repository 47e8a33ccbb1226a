"""The journal of a partition's leader: a batch is durable once its log has acknowledged it.

Until then the batch is an overlay on the store, on top of which the next batch collects. When it is
acknowledged, its rows are written to the store with the position in the log. If it is refused, it
is dropped together with the batch that has collected. The store was not touched, so it still has
the last acknowledged state.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from floruntime.engine.state.machine_row import MACHINE
from floruntime.engine.store import Changes, Reader, Store
from floruntime.server.cluster.leads.publishing import publish
from floruntime.server.cluster.log.log import Log
from floruntime.server.cluster.log.message import (
    HEADER_BYTES,
    POSITION_KEY,
    Head,
    Message,
    Position,
    chained,
    cut,
    encode_changes,
    encode_message,
)
from floruntime.server.cluster.log.overlay import Overlay
from floruntime.server.cluster.log.position import encode_position

_MACHINE_KEY = MACHINE.key()


class LogJournal:
    """Publishes batches after `position`, as long as `may_go_on`.

    `on_published` is called with each new position once its rows are in the store.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        position: Position,
        *,
        may_go_on: Callable[[], bool],
        on_published: Callable[[Position], None] = lambda position: None,
    ) -> None:
        self._store = store
        self._log = log
        self._may_go_on = may_go_on
        self._on_published = on_published
        self._overlay = Overlay(store)
        self._snapshot: Reader | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._is_over = False
        self.beside_s = 0.0
        #: How many messages a batch has that is being published: others may read it already.
        self.under_way = 0
        #: The last message that was acknowledged.
        self.position = position
        self._on_durable: Callable[[], None]
        self._on_lost: Callable[[BaseException], None]

    @property
    def applied(self) -> Reader:
        return self._overlay

    @property
    def has_news(self) -> bool:
        return False  # the loop itself hears of it

    def readable(self) -> Reader:
        if self._snapshot is None:
            self._snapshot = self._store.snapshot()
        return self._snapshot

    def let_go(self) -> None:
        """Hold on to no earlier state than the last."""
        self._snapshot = None

    def begin(
        self, on_durable: Callable[[], None], on_lost: Callable[[BaseException], None]
    ) -> None:
        self._on_durable, self._on_lost = on_durable, on_lost

    def append(self, changes: Changes, index: int, answers: int) -> bool:
        self._overlay.lay(changes)
        self.beside_s = 0.0
        if not self._is_over:
            loop = asyncio.get_running_loop()
            self._publishing = loop.create_task(self._publish(changes, index))
        return False

    async def put(self, changes: Changes, index: int) -> None:
        """Publish and write a batch that no machine made, while none is under way."""
        self._write(changes, await self._put(changes, index))

    async def _publish(self, changes: Changes, index: int) -> None:
        try:
            position = await self._put(changes, index)
            if self._is_over:
                return
            self._write(changes, position)
        except Exception as error:  # whatever it is: what became of the batch cannot be told
            self.lose(error)
            return
        self._publishing = None
        self._on_durable()

    async def _put(self, changes: Changes, index: int) -> Position:
        begun_s = time.perf_counter()
        position, time_ms = self.position, _time_ms(changes)
        parts = cut(encode_changes(changes), self._log.message_bytes_max - HEADER_BYTES)
        self.under_way = len(parts)
        for number, content in enumerate(parts):
            head = Head(
                *(position.term, index, time_ms, position.node),
                *(number, len(parts), position.format),
            )
            chain = chained(position.chain, head, content)
            body = encode_message(Message(head, chain, content))
            self.beside_s += time.perf_counter() - begun_s
            await publish(self._log, body, position.sequence, self._may_go_on)
            position = msgspec.structs.replace(
                position, sequence=position.sequence + 1, chain=chain, time_ms=time_ms
            )
            begun_s = time.perf_counter()
        return position

    def _write(self, changes: Changes, position: Position) -> None:
        begun_s = time.perf_counter()
        self.under_way = 0
        rows = {**changes.rows, POSITION_KEY: encode_position(position)}
        self._store.write(Changes(rows, changes.cleared))
        self.beside_s += time.perf_counter() - begun_s
        self._overlay.clear()
        self._snapshot = None
        self.position = position
        self._on_published(position)

    def lose(self, error: BaseException) -> None:
        """Nothing more becomes durable."""
        if self._is_over:
            return
        self.stop()
        self._overlay.clear()
        self._on_lost(error)

    def stop(self) -> None:
        self._is_over = True
        publishing, self._publishing = self._publishing, None
        if publishing is not None and publishing is not asyncio.current_task():
            publishing.cancel()


def _time_ms(changes: Changes) -> int:
    """The time of the batch's last command."""
    data = changes.rows.get(_MACHINE_KEY)
    return 0 if data is None else MACHINE.decode(data).time_ms
