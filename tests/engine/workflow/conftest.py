"""What every test of workflows asks of the state that it leaves behind, whatever else it tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from floruntime.engine.machine import Machine
from floruntime.engine.rules import RULES
from floruntime.engine.store.memory import MemoryStore
from floruntime.engine.workflow.invariant_counts import violations
from tests.engine.harness import Engine
from tests.engine.workflow.calls import ENGINES

REPLAYED_MAX = 2_000
"""Commands of a test that are replayed; one with more would take long."""


@pytest.fixture(autouse=True)
def sound_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is orphaned or miscounted, and replaying gives the same bytes, with a restart after
    each command. What a test has patched stays so meanwhile.
    """
    ENGINES.clear()
    yield
    for engine in ENGINES:
        engine.flush()
        assert violations(engine.machine.view(engine.store, "default", engine.now_ms)) == []
        if len(engine.entries) <= REPLAYED_MAX:
            assert rows_replayed(engine) == engine.rows()


def rows_replayed(engine: Engine) -> dict[bytes, bytes]:
    """What the engine's commands leave behind in a store of their own."""
    store = MemoryStore()
    machine = Machine(store, RULES)
    for entry in engine.entries:
        machine.apply(entry)
        store.write(machine.take())
        machine = Machine(store, RULES)
    return dict(store.scan(b"", b"\xff" * 8))
