"""Giving back the space of what was deleted, a bounded piece per tick.

Deleting a namespace, queue or stream only unlinks it: its rows lie under a number that nothing
refers to any more. Each kind of owner registers the tables whose rows begin with its number, and,
where rows lead to further owners (the queues of a namespace), how to find those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from floruntime.engine.registry import on_timer
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import timers

NAMESPACE = 1
QUEUE = 2
STREAM = 3
GROUP = 4
ACTION = 5
WORKFLOW = 6

#: Per kind of owner: the tables that have its number as their first field.
OWNED: dict[int, list[Table[Any]]] = {
    NAMESPACE: [],
    QUEUE: [],
    STREAM: [],
    GROUP: [],
    ACTION: [],
    WORKFLOW: [],
}
#: Per kind of owner: directories from which further owners hang, and the kind of those.
DIRECTORIES: dict[int, list[tuple[Table[Any], int, Callable[[Any], int]]]] = {
    NAMESPACE: [],
    QUEUE: [],
    STREAM: [],
    GROUP: [],
    ACTION: [],
    WORKFLOW: [],
}

#: Each primitive's answer to: does this namespace hold anything of yours?
CONTENTS: list[Callable[[View, int], bool]] = []

CHILDREN_PER_TICK_MAX = 200


def owns(kind: int, *tables: Table[Any]) -> None:
    """The rows of `tables` begin with the number of an owner of `kind` and die with it."""
    OWNED[kind] += tables


def leads_to(
    kind: int, directory: Table[Any], child_kind: int, child_id: Callable[[Any], int]
) -> None:
    """Rows of `directory` (which begin with an owner of `kind`) each name an owner of their own."""
    DIRECTORIES[kind].append((directory, child_kind, child_id))


def is_empty(tx: Tx, namespace_id: int) -> bool:
    """Whether nothing that a person put there lies in the namespace."""
    return not any(holds_something(tx, namespace_id) for holds_something in CONTENTS)


def owner_gone(tx: Tx, kind: int, owner_id: int) -> None:
    """Reclaim everything that lies under `owner_id`, from the next tick on."""
    timers.set_timer(tx, tx.now_ms, timers.RECLAIM, owner_id, kind)


@on_timer(timers.RECLAIM)
def reclaim(tx: Tx, due_ms: int, owner_id: int, kind: int, data: Any) -> None:
    """Pass on a bounded number of children, then drop the owner's tables whole."""
    for directory, child_kind, child_id in DIRECTORIES[kind]:
        for passed_on, (key, row) in enumerate(tx.scan(directory, *directory.range(owner_id))):
            if passed_on == CHILDREN_PER_TICK_MAX:
                owner_gone(tx, kind, owner_id)
                return
            owner_gone(tx, child_kind, child_id(row))
            tx.delete(directory, key)
    for table in OWNED[kind]:
        tx.clear(*table.range(owner_id))
