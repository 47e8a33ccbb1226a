"""Frees the space of what was deleted, a bounded part per tick.

Deleting a namespace, queue or stream only unlinks it: its rows are under a number that nothing
refers to any more. For each kind of owner, `engine/rules` says which tables have rows that begin
with its number, and which rows lead to further owners (such as the queues of a namespace).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from floruntime.engine.state.dispatch import rules_of
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers

CHILDREN_PER_TICK_MAX = 200


class Owner(IntEnum):
    """What owns rows. A number is given once and never again: timers hold it."""

    NAMESPACE = 1
    QUEUE = 2
    STREAM = 3
    GROUP = 4
    ACTION = 5
    WORKFLOW = 6


def is_empty(tx: Tx, namespace_id: int) -> bool:
    """Whether nothing that a person put there lies in the namespace."""
    return not any(holds_any(tx, namespace_id) for holds_any in rules_of(tx).contents)


def owner_gone(tx: Tx, kind: int, owner_id: int) -> None:
    """Reclaim everything that lies under `owner_id`, from the next tick on."""
    timers.set_timer(tx, tx.now_ms, timers.RECLAIM, owner_id, kind)


def reclaim(tx: Tx, due_ms: int, owner_id: int, kind: int, data: Any) -> None:
    """Pass on a bounded number of children, then drop the owner's tables whole."""
    owned = rules_of(tx).owners[kind]
    for directory, child_kind, id_of in owned.children:
        for passed_on, (key, row) in enumerate(tx.scan(directory, *directory.range(owner_id))):
            if passed_on == CHILDREN_PER_TICK_MAX:
                owner_gone(tx, kind, owner_id)
                return
            owner_gone(tx, child_kind, id_of(row))
            tx.delete(directory, key)
    for table in owned.tables:
        tx.clear(table, *table.range(owner_id))
