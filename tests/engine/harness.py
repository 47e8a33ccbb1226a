"""Drives the state machine without a server: commands in, results out, a clock by hand."""

from __future__ import annotations

from typing import Any, TypeVar

from floruntime.core.system import Tick
from floruntime.core.types import Command, Query
from floruntime.engine.machine import Entry, Machine, Outcome
from floruntime.engine.rules import RULES
from floruntime.engine.state.dispatch import Rules
from floruntime.engine.store import Store
from floruntime.engine.store.memory import MemoryStore

R = TypeVar("R")
START_MS = 1_700_000_000_000


class Engine:
    """One machine over one store. Each command is a batch of its own unless `hold` is set."""

    def __init__(self, store: Store | None = None, rules: Rules = RULES) -> None:
        self.rules = rules
        self.store: Store = store if store is not None else MemoryStore()
        self.machine = Machine(self.store, self.rules)
        self.now_ms = max(START_MS, self.machine.time_ms)
        #: While true, commands stay in the open batch; `flush` writes it.
        self.hold = False
        self.entries: list[Entry] = []

    def outcome(
        self,
        command: Command[Any],
        *,
        namespace: str = "default",
        session: str = "",
        number: int = 0,
        may_grow: bool = True,
    ) -> Outcome:
        """Apply `command`; the whole outcome, refused or not."""
        entry = Entry(self.now_ms, namespace, session, number, command, may_grow)
        self.entries.append(entry)
        outcome = self.machine.apply(entry)
        if not self.hold:
            self.flush()
        return outcome

    def run(
        self,
        command: Command[R],
        *,
        namespace: str = "default",
        session: str = "",
        number: int = 0,
        may_grow: bool = True,
    ) -> R:
        """Apply `command`; its result, or raise its refusal."""
        outcome = self.outcome(
            command, namespace=namespace, session=session, number=number, may_grow=may_grow
        )
        if outcome.error is not None:
            raise outcome.error
        return outcome.result  # type: ignore[no-any-return]  # the list of rules keeps to it

    def query(self, query: Query[R], *, namespace: str = "default") -> R:
        """Answer `query` on what was flushed."""
        answer: R = self.machine.query(self.store, namespace, self.now_ms, query)
        return answer

    def flush(self) -> None:
        """Write the open batch."""
        self.store.write(self.machine.take())

    def advance(self, ms: int) -> None:
        """Let time pass, then fire all that is due."""
        self.now_ms += ms
        self.tick()

    def tick(self) -> None:
        """Fire all that is due now, as many ticks as it takes."""
        while self.run(Tick()) or self._is_due():
            pass

    def _is_due(self) -> bool:
        return self.machine.first_due(self.now_ms + 1) is not None

    def reopen(self) -> None:
        """What a restart does: a new machine on what the store holds."""
        self.flush()
        self.machine = Machine(self.store, self.rules)

    def rows(self) -> dict[bytes, bytes]:
        """Every key and value of the store."""
        return dict(self.store.scan(b"", b"\xff" * 8))
