"""A commit alone, on a journal and a clock that a test moves, and those who ask it."""

from __future__ import annotations

import asyncio
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.system import CancelWait, SessionOpen
from floruntime.core.types import Command, Query, Request
from floruntime.engine.machine import Machine
from floruntime.engine.rules import RULES
from floruntime.engine.state.audit_note import AuditNote
from floruntime.server.clock import ManualClock
from floruntime.server.commit.commit import Commit
from tests.server.commit.journals import TriedJournal
from tests.until import WAIT_S


class CommitRig:
    """One commit for one test."""

    def __init__(self, journal: TriedJournal) -> None:
        self.journal = journal
        self.clock = ManualClock()
        self.fatal: list[BaseException] = []
        self.machine = Machine(journal.journal.applied, RULES)
        self.commit = Commit(self.machine, journal.journal, self.clock, on_fatal=self.fatal.append)
        self.commit.start()

    def client(self, name: str) -> FakeCaller:
        """A connection of the client `name`."""
        return FakeCaller(self.commit, name)

    async def opened(self, name: str = "me") -> FakeCaller:
        """A connection of a client whose writes are remembered."""
        client = self.client(name)
        client.open_session()
        await self.settle()
        return client

    async def settle(self) -> None:
        """Let everything under way come to rest."""
        for _ in range(5):
            async with asyncio.timeout(WAIT_S):
                await self.commit.settle()
            await asyncio.sleep(0)

    async def turns(self, count: int = 3) -> None:
        """Let the event loop turn, with nothing to wait for."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def advance(self, ms: int) -> None:
        """Move the clock, stopping at every deadline on the way."""
        await self.settle()
        until_ms = self.clock.now_ms() + ms
        while self.clock.run_next(until_ms):
            await self.settle()
        await self.settle()

    async def __aenter__(self) -> CommitRig:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.journal.release()
        async with asyncio.timeout(WAIT_S):
            await self.commit.stop()


class FakeCaller:
    """Who asks a commit: what it sent, and what came."""

    def __init__(self, commit: Commit, client: str) -> None:
        self.client = client
        self.spans: Any = None
        self.is_closed = False
        #: The ids that were answered together, for each time that answers went out.
        self.flushed: list[list[int]] = []
        self._commit = commit
        self._outbox: list[int] = []
        self._answers: dict[int, tuple[Any, FloError | None]] = {}
        self._last_id = 0

    def note_of(self, namespace: str, command: Command[Any]) -> AuditNote | None:
        return None

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        assert request_id not in self._answers, f"request {request_id} was answered twice"
        self._answers[request_id] = result, error
        self._outbox.append(request_id)

    def owe(self, request_id: int, answer_bytes: int) -> None:
        assert request_id not in self._answers

    def flush(self) -> None:
        if self._outbox:
            self.flushed.append(self._outbox)
            self._outbox = []

    def send(self, request: Request[Any], *, number: int = 0, namespace: str = "default") -> int:
        """Send a request; its id."""
        self._last_id = request_id = self._last_id + 1
        if isinstance(request, CancelWait):
            self.add_answer(request_id, self._commit.cancel(self, request.request_id), None)
        elif isinstance(request, Command):
            self._commit.submit(self, request_id, namespace, number, request)
        else:
            assert isinstance(request, Query)
            self._commit.queries.answer(self, request_id, namespace, request)
        self.flush()
        return request_id

    def open_session(self) -> int:
        """Have the writes of this client remembered."""
        return self.send(SessionOpen())

    def is_answered(self, id: int) -> bool:
        """Whether the answer went out."""
        return any(id in ids for ids in self.flushed)

    def result(self, id: int) -> Any:
        """The result of a request that was answered; raises its refusal."""
        result, error = self._answer(id)
        if error is not None:
            raise error
        return result

    def error(self, id: int) -> FloError:
        """The refusal of a request."""
        _, error = self._answer(id)
        assert error is not None, f"request {id} was not refused"
        return error

    def _answer(self, id: int) -> tuple[Any, FloError | None]:
        assert self.is_answered(id), f"request {id} is not answered"
        return self._answers[id]

    @property
    def waits(self) -> int:
        """How many requests are not answered."""
        return self._last_id - len(self._answers)

    def vanish(self) -> None:
        """The connection is lost."""
        self.is_closed = True
        self._commit.drop(self)
