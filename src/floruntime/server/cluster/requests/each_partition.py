"""Asks all partitions one question, and makes one answer from their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from floruntime.core.errors import FloError
from floruntime.core.terms import Terms, Told
from floruntime.core.types import Command, Query
from floruntime.core.wire import decode_answer, decode_reply, raised


class Router(Protocol):
    """What asks the partitions."""

    partitions: int

    def ask_at(
        self, partition: int, caller: Any, request_id: int, namespace: str, query: Query[Any]
    ) -> None: ...
    def drop(self, caller: Any) -> None: ...


class EachPartition:
    """Asks on behalf of `caller`. The id of each question is the number of its partition."""

    def __init__(self, router: Router, caller: Any, request_id: int, namespace: str) -> None:
        self._router = router
        self._caller = caller
        self._request_id = request_id
        self._namespace = namespace
        self.client: str = caller.client
        #: The terms of its caller, such as how long the caller waits.
        self.terms: Terms | None = caller.terms
        #: Which names lists show to the caller, `None` for all.
        self.spans = caller.spans
        self._asked: dict[int, Query[Any]] = {}
        self._missing = 0
        self._is_over = False
        self._error: FloError | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be answered any more."""
        return bool(self._caller.is_closed)

    def note_of(self, namespace: str, command: Command[Any]) -> None:
        """No audit note: a read needs none."""

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """Count nothing, because none of its questions delivers anything."""

    def _ask(self, asked: Mapping[int, Query[Any]]) -> None:
        """Ask each of these partitions its query."""
        self._asked, self._missing = dict(asked), len(asked)
        for partition, query in asked.items():
            if self._is_over:  # a leader on this node may have answered at once
                return
            self._router.ask_at(partition, self, partition, self._namespace, query)

    def add_answer(
        self,
        request_id: int,
        result: Any,
        error: FloError | None,
        told: Told | None = None,  # each partition has its own
    ) -> None:
        """Take the answer of one partition."""
        if self._is_over:
            return
        self._missing -= 1
        if error is not None:
            self._error = error
        else:
            self._take(request_id, result)
        if not self._missing or self._is_enough():
            self._end()

    def add_body(self, request_id: int, body: bytes) -> None:
        """Take the answer of one partition whose leader is another node."""
        answer = decode_answer(body)
        if answer.error is not None:
            self.add_answer(request_id, None, raised(answer.error))
        else:
            reply = decode_reply(self._asked[request_id], answer.result)
            self.add_answer(request_id, reply, None)

    def add_cut(self, request_id: int, pieces: list[bytes]) -> None:
        """The same, in pieces."""
        self.add_body(request_id, b"".join(pieces))

    def flush(self) -> None:
        """Do nothing: the one answer is sent when all partitions have answered."""

    def _end(self) -> None:
        self._router.drop(self)
        if self._error is None and self._asks_again():
            return
        self._is_over = True
        result = None if self._error is not None else self._result()
        self._caller.add_answer(self._request_id, result, self._error)
        self._caller.flush()

    def _take(self, partition: int, result: Any) -> None:
        """Take the result of one partition."""
        raise NotImplementedError

    def _result(self) -> Any:
        """The one result, made from the results of all partitions."""
        raise NotImplementedError

    def _is_enough(self) -> bool:
        """Whether the others need not be waited for."""
        return False

    def _asks_again(self) -> bool:
        """Whether it has asked the partitions again instead of answering."""
        return False
