"""A key of `Idempotency-Key` stands for one request, for ten minutes, and leaves nothing behind."""

from __future__ import annotations

import pytest

from floruntime.core import limits
from floruntime.core.errors import BadRequestError, ConflictError, OverloadedError
from floruntime.core.kv import KvIncr, KvPut
from floruntime.core.system import OnceOpen
from floruntime.engine.state.machine_row import MACHINE
from floruntime.engine.system import once, write_memory
from tests.engine.harness import Engine

KEY = "holder:once-key"
ONE, OTHER = b"1" * 32, b"2" * 32


def opened(engine: Engine, digest: bytes = ONE, session: str = KEY) -> Exception | None:
    return engine.outcome(OnceOpen(digest), session=session).error


def rows_of_keys(engine: Engine) -> list[bytes]:
    tables = (once.ONCE, once.ONCE_COUNT, write_memory.SESSION, write_memory.SESSION_BLOCK)
    tags = {table.tag for table in tables}
    return [key for key in engine.rows() if key[:2] in tags and key[:2] != MACHINE.tag]


def test_the_write_happens_once(engine: Engine) -> None:
    for _ in range(3):
        assert opened(engine) is None
        assert engine.outcome(KvIncr("n"), session=KEY, number=once.NUMBER).result == 1
        engine.reopen()


def test_another_request_is_told_apart(engine: Engine) -> None:
    opened(engine)
    engine.outcome(KvIncr("n"), session=KEY, number=once.NUMBER)
    assert isinstance(opened(engine, OTHER), ConflictError)
    assert opened(engine, OTHER, "another:once-key") is None


def test_after_a_refusal_the_key_may_stand_for_another(engine: Engine) -> None:
    opened(engine)
    refused = engine.outcome(KvPut("a", b"b", if_exists=True), session=KEY, number=once.NUMBER)
    assert isinstance(refused.error, ConflictError)
    assert opened(engine, OTHER) is None


def test_after_ten_minutes_nothing_is_left(engine: Engine) -> None:
    opened(engine)
    engine.outcome(KvIncr("n"), session=KEY, number=once.NUMBER)
    engine.advance(limits.SESSION_AGE_MS_MAX - 1)
    assert rows_of_keys(engine)
    engine.advance(1)
    assert not rows_of_keys(engine)
    opened(engine, OTHER)
    assert engine.outcome(KvIncr("n"), session=KEY, number=once.NUMBER).result == 2


def test_each_holder_has_so_many(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ONCE_KEYS_MAX", 2)
    assert [opened(engine, session=f"h:once-{n}") for n in range(2)] == [None, None]
    assert isinstance(opened(engine, session="h:once-2"), OverloadedError)
    assert opened(engine, session="other:once-2") is None
    engine.advance(limits.SESSION_AGE_MS_MAX)
    assert opened(engine, session="h:once-2") is None


@pytest.mark.parametrize(("session", "digest"), [("me", ONE), (KEY, b"short"), ("", ONE)])
def test_it_is_for_keys_alone(engine: Engine, session: str, digest: bytes) -> None:
    assert isinstance(opened(engine, digest, session), BadRequestError)
