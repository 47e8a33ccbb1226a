"""Makes large answers piece by piece, so that other requests are served in between.

Reading 256 values of a mebibyte, and writing them as one answer, takes most of a second. So the
results of such a query are produced item by item: a little in each turn of the event loop, for all
such answers together. What was made counts as unread. The pieces are sent as they are, because
joining 64 MiB would block the loop for 40 ms.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, runtime_checkable

from floruntime.core.errors import FloError, InternalServerError, OverloadedError
from floruntime.core.wire import encode, head_of_items
from floruntime.engine.store import StoreError
from floruntime.engine.store.guarded import TOLD
from floruntime.server.commit.caller import answer_bytes

AT_ONCE_BYTES: Final = 8 * 1024 * 1024
"""Up to this size, an answer is made and sent at once."""
SLICE_S: Final = 0.004
"""How long the server works on all large answers in one turn of the event loop."""
PIECE_BYTES: Final = 256 * 1024
"""Items are joined into pieces of about this size; each piece is written separately."""


class Asker(Protocol):
    """The caller that is answered."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be answered any more."""
        ...

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        """Put one answer into the outbox."""
        ...


@runtime_checkable
class TakesBodies(Protocol):
    """A caller that takes an answer in pieces, encoded."""

    def await_body(self, request_id: int) -> None:
        """Begin nothing more until the answer to this request is ready, which may take long."""
        ...

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Count `answer_bytes` more that were made of that answer."""
        ...

    def give_body(self, request_id: int, pieces: list[bytes]) -> None:
        """Take the whole answer, in pieces. None: it was refused, and the caller was told."""
        ...


class _Answer:
    """One large answer. `ready`: the items found before it was known to be large."""

    def __init__(
        self, caller: Any, request_id: int, ready: list[Any], items: Iterator[Any]
    ) -> None:
        self.caller = caller
        self.request_id = request_id
        self._ready = deque(ready)
        self._items = items
        self._count = 0
        self._pieces: list[bytes] = []
        self._small: list[bytes] = []
        self._small_bytes = 0

    def find_one(self) -> int:
        """Find and encode one item; return its size in bytes, 0 if there are no more."""
        item = self._ready.popleft() if self._ready else next(self._items, _END)
        if item is _END:
            return 0
        part = encode(item)
        self._count += 1
        self._small.append(part)
        self._small_bytes += len(part)
        if self._small_bytes >= PIECE_BYTES:
            self._end_piece()
        return len(part)

    def _end_piece(self) -> None:
        small = self._small
        self._pieces.append(small[0] if len(small) == 1 else b"".join(small))
        self._small, self._small_bytes = [], 0

    def pieces(self) -> list[bytes]:
        """The whole answer, once every item was found."""
        if self._small:
            self._end_piece()
        return [head_of_items(self.request_id, self._count), *self._pieces]


_END: Final = object()


class LargeAnswers:
    """Makes large answers slice by slice. `room`: how many more bytes may lie unread."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = room
        self._under_way: deque[_Answer] = deque()

    def answer(self, caller: Asker, request_id: int, items: Iterator[Any]) -> None:
        """Answer with a list of these items. Raises the refusal if it is refused at once."""
        ready: list[Any] = []
        found_bytes = 0
        for item in items:
            ready.append(item)
            found_bytes += answer_bytes(item)
            if found_bytes > AT_ONCE_BYTES and isinstance(caller, TakesBodies):
                caller.await_body(request_id)
                self._begin(_Answer(caller, request_id, ready, items))
                return
        caller.add_answer(request_id, ready, None)

    def _begin(self, answer: _Answer) -> None:
        self._under_way.append(answer)
        if len(self._under_way) == 1:
            self._loop.call_soon(self._make_some)

    def _make_some(self) -> None:
        until_s = time.perf_counter() + SLICE_S
        with TOLD:
            while self._under_way and time.perf_counter() < until_s:
                answer = self._under_way.popleft()
                if not answer.caller.is_closed and not self._go_on(answer):
                    self._under_way.append(answer)
        if self._under_way:
            self._loop.call_soon(self._make_some)

    def _go_on(self, answer: _Answer) -> bool:
        """Take one step of an answer; return whether it is finished."""
        caller, request_id = answer.caller, answer.request_id
        try:
            pieces = self._step(answer)
        except FloError as error:
            caller.add_answer(request_id, None, error)
            caller.give_body(request_id, [])
            return True
        if pieces:
            caller.give_body(request_id, pieces)
        return bool(pieces)

    def _step(self, answer: _Answer) -> list[bytes]:
        try:
            found_bytes = answer.find_one()
        except (FloError, StoreError):
            raise
        except Exception as error:
            raise InternalServerError(
                "the server failed on this query; its log says why"
            ) from error
        if not found_bytes:
            return answer.pieces()
        if found_bytes > self._room():
            raise OverloadedError(
                "too many answers wait to be read by clients, so there is no room for "
                "these values now; send this again later, or ask for less at once"
            )
        answer.caller.owe(answer.request_id, found_bytes)
        return []
