"""Namespaces: names, coming into being, listing, deletion."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionInvoke, ActionRegister
from floruntime.core.errors import BadRequestError, ConflictError, NotFoundError
from floruntime.core.kv import KvDelete, KvGet, KvPut
from floruntime.core.queue import QueueEnqueue
from floruntime.core.system import (
    Batch,
    NamespaceCreate,
    NamespaceDelete,
    NamespaceInfo,
    NamespaceList,
)
from tests.engine.harness import START_MS, Engine


def names(engine: Engine, limit: int = 100) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = engine.query(NamespaceList(limit, cursor))
        found += [item.name for item in page.items]
        if page.cursor is None:
            return found
        cursor = page.cursor


def test_creating_answers_whether_it_is_new(engine: Engine) -> None:
    assert engine.run(NamespaceCreate("shop")) is True
    assert engine.run(NamespaceCreate("shop")) is False
    assert engine.query(NamespaceList()).items == [NamespaceInfo("shop", START_MS)]


def test_a_namespace_comes_into_being_with_its_first_write(engine: Engine) -> None:
    engine.query(KvGet("k"), namespace="read")
    engine.run(KvPut("k", b""), namespace="written")
    assert names(engine) == ["written"]


@pytest.mark.parametrize("name", ["a", "Z9", "a.b-c_d", "a" * 63])
def test_good_names(engine: Engine, name: str) -> None:
    assert engine.run(NamespaceCreate(name))


@pytest.mark.parametrize("name", ["", "9a", "-a", "a b", "é", "a/b", "a\n", "a" * 64])
def test_bad_names_are_refused_wherever_they_stand(engine: Engine, name: str) -> None:
    with pytest.raises(BadRequestError, match="namespace"):
        engine.run(NamespaceCreate(name))
    with pytest.raises(BadRequestError, match="namespace"):
        engine.run(NamespaceDelete(name))
    with pytest.raises(BadRequestError, match="namespace"):
        engine.run(KvPut("k", b""), namespace=name)
    with pytest.raises(BadRequestError, match="namespace"):
        engine.query(KvGet("k"), namespace=name)


def test_a_listing_pages_in_order(engine: Engine) -> None:
    for number in range(7):
        engine.run(NamespaceCreate(f"n{number}"))
    assert names(engine, limit=2) == [f"n{number}" for number in range(7)]
    with pytest.raises(BadRequestError, match="cursor"):
        engine.query(NamespaceList(cursor="nonsense"))


def test_one_that_is_not_empty_wants_force(engine: Engine) -> None:
    engine.run(KvPut("k", b""), namespace="shop")
    with pytest.raises(ConflictError, match="force"):
        engine.run(NamespaceDelete("shop"))
    engine.run(KvDelete("k"), namespace="shop")
    assert engine.run(NamespaceDelete("shop")) is True
    assert engine.run(NamespaceDelete("shop")) is False
    assert engine.run(NamespaceDelete("never")) is False


def test_a_queue_makes_a_namespace_not_empty(engine: Engine) -> None:
    engine.run(QueueEnqueue("jobs", [b"x"]), namespace="shop")
    with pytest.raises(ConflictError):
        engine.run(NamespaceDelete("shop"))


def test_deletion_takes_effect_at_once_and_the_name_can_be_used_again(engine: Engine) -> None:
    engine.run(KvPut("k", b"old"), namespace="shop")
    engine.run(NamespaceDelete("shop", force=True))
    assert engine.query(KvGet("k"), namespace="shop") is None
    assert names(engine) == []
    engine.run(KvPut("new", b"new"), namespace="shop")
    engine.advance(10)
    assert engine.query(KvGet("new"), namespace="shop") == b"new"
    assert engine.query(KvGet("k"), namespace="shop") is None


def test_a_number_that_was_looked_up_is_forgotten_with_its_namespace(engine: Engine) -> None:
    """Actions are found by it, and are not those of the namespace that was."""
    engine.run(ActionRegister("a"), namespace="shop")
    engine.run(ActionInvoke("a", b""), namespace="shop")
    engine.run(NamespaceDelete("shop", force=True))
    with pytest.raises(NotFoundError, match="not registered"):
        engine.run(ActionInvoke("a", b""), namespace="shop")
    engine.run(NamespaceCreate("shop"))
    with pytest.raises(NotFoundError, match="not registered"):
        engine.run(ActionInvoke("a", b""), namespace="shop")


def test_a_number_that_a_refused_command_gave_is_forgotten_with_it(engine: Engine) -> None:
    refused = Batch([ActionInvoke("a", b"", create=True), KvDelete("k", 99)])
    with pytest.raises(ConflictError):
        engine.run(refused, namespace="shop")
    engine.run(NamespaceCreate("other"))  # it has that number now
    engine.run(ActionRegister("a"), namespace="shop")
    with pytest.raises(NotFoundError, match="not registered"):
        engine.run(ActionInvoke("a", b""), namespace="other")
