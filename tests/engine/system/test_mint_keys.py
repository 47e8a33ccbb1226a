"""The keys of minted tokens: one a day, two kept."""

from __future__ import annotations

from floruntime.core import limits
from floruntime.core.token import MintKeyMake
from floruntime.engine.state.tx import View
from floruntime.engine.system.mint_keys import CHANGED, find_key, signing_key
from tests.engine.harness import Engine

DAY_MS = limits.MINT_KEY_MS


def view(engine: Engine) -> View:
    return engine.machine.view(engine.store, "default", engine.now_ms)


def signing(engine: Engine) -> tuple[int, bytes] | None:
    found = signing_key(view(engine), engine.now_ms)
    return None if found is None else (found[0], found[1].secret)


def test_there_is_none_until_one_is_made(engine: Engine) -> None:
    assert signing(engine) is None
    outcome = engine.outcome(MintKeyMake(b"a"))
    assert CHANGED in outcome.touched
    assert signing(engine) == (1, b"a")


def test_who_comes_second_changes_nothing_and_is_told_all_the_same(engine: Engine) -> None:
    engine.run(MintKeyMake(b"a"))
    outcome = engine.outcome(MintKeyMake(b"b"))
    assert CHANGED in outcome.touched
    assert signing(engine) == (1, b"a")


def test_a_new_one_each_day_and_the_last_two_hold(engine: Engine) -> None:
    engine.run(MintKeyMake(b"a"))
    engine.now_ms += DAY_MS - 1
    assert signing(engine) == (1, b"a")
    engine.now_ms += 1
    assert signing(engine) is None
    engine.run(MintKeyMake(b"b"))
    assert signing(engine) == (2, b"b")
    assert find_key(view(engine), 1) is not None
    engine.now_ms += DAY_MS
    engine.run(MintKeyMake(b"c"))
    assert find_key(view(engine), 1) is None
    assert find_key(view(engine), 2) is not None
    assert signing(engine) == (3, b"c")
