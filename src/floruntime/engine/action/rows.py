"""The rows of actions, and how a rule finds an action.

An action has a row with its settings and counts, and a number. Its lines of due runs, its index of
runs and its idempotency keys are stored under that number. The runs themselves are stored under the
namespace, since a run is found by its id alone. A deleted action keeps its row, marked as not
registered, while runs of it are kept. Registering the name again reuses that row, so that the old
runs stay listed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import methodcaller
from typing import Any, Final

import msgspec

from floruntime.core import limits
from floruntime.core.action import ActionInfo, ActionType, Limits
from floruntime.core.errors import NotFoundError
from floruntime.core.types import Value
from floruntime.engine.state.index_walk import first_after
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.system import reclaim
from floruntime.engine.system.namespaces import id_of, namespace_id


class Settings(Value, frozen=True):
    """What a registration sets; a change of any of these raises the version."""

    type: ActionType
    timeout_ms: int
    max_retries: int
    retry_delay_ms: int
    run_timeout_ms: int | None
    description: str | None
    retention_ms: int
    limits: Limits = Limits()
    key_path: str | None = None


class ActionRow(msgspec.Struct, array_like=True, gc=False):
    """An action: its number, settings and counts. A command changes a copy and puts that.

    `ready`: due runs without labels; `lines`: sets of labels that due runs have. `runs` counts all
    that are kept, finished ones too; `ended` those of them that ended since this is kept, by how
    (`ENDS` in `run_rows.py`). `key_lines`: sets of labels of due runs that stand under keys;
    `fronts`: keys that may be served, counted once for each of these.
    `claims`, `first_claim`: its window of claims, while `rate` is limited; `frees_at_ms`: when a
    timer says that the window lets somebody in. `scheduled`: unfinished runs of its schedule.
    `pending_from`, `running_from`: no pending, or running, run has a lower number.
    `is_indexed`: all of its runs that have ended stand in the index of ends; until then ticks put
    those of before there.
    """

    id: int
    settings: Settings
    created_at_ms: int
    updated_at_ms: int
    version: int = 1
    is_registered: bool = True
    enabled: bool = True
    ready: int = 0
    lines: int = 0
    pending: int = 0
    running: int = 0
    runs: int = 0
    ended: tuple[int, int, int, int] = (0, 0, 0, 0)
    key_lines: int = 0
    fronts: int = 0
    claims: int = 0
    first_claim: int = 0
    frees_at_ms: int = 0
    scheduled: int = 0
    is_indexed: bool = False
    pending_from: int = 0
    running_from: int = 0

    @property
    def unfinished(self) -> int:
        return self.pending + self.running

    def count_pending(self, number: int, change: int) -> None:
        """A run comes to be pending (1), or no longer is (-1)."""
        if number <= self.pending_from or self.pending <= 1:
            self.pending_from = first_after(self.pending_from, self.pending, number, change)
        self.pending += change

    def count_running(self, number: int, change: int) -> None:
        """A run comes to be running (1), or no longer is (-1)."""
        if number <= self.running_from or self.running <= 1:
            self.running_from = first_after(self.running_from, self.running, number, change)
        self.running += change


class ActionNameRow(Value, frozen=True):
    """What a run or a timer, which know an action's number, find it by."""

    namespace: str
    name: str


ACTION: Final[Table[ActionRow]] = Table(
    b"ac", ActionRow, namespace_id="u64", tail="name", cached=True
)
ACTION_NAME: Final[Table[ActionNameRow]] = Table(
    b"an", ActionNameRow, action_id="u64", lasting=True
)


def holds_actions(view: View, of_namespace_id: int) -> bool:
    return any(row.is_registered for _, row in view.scan(ACTION, *ACTION.range(of_namespace_id)))


class OpenAction:
    """An action in the hands of one command: a row of its own to change, and `save`."""

    __slots__ = ("_key", "name", "namespace", "namespace_id", "row", "tx")

    def __init__(
        self, tx: Tx, namespace: str, of_namespace_id: int, name: str, key: bytes, row: ActionRow
    ) -> None:
        self.tx = tx
        self.namespace = namespace
        self.namespace_id = of_namespace_id
        self.name = name
        self._key = key
        self.row = row

    def save(self) -> None:
        """Write the row; a deleted action goes with the last of its runs."""
        row = self.row
        assert 0 <= row.ready <= row.pending <= row.runs, "runs are counted right"
        if row.is_registered or row.runs:
            self.tx.put(ACTION, self._key, row)
        else:
            self.tx.delete(ACTION, self._key)
            reclaim.owner_gone(self.tx, reclaim.Owner.ACTION, row.id)


def action_key(view: View, name: str) -> bytes:
    """The key of the action `name` of the view's namespace."""
    return _key_of(namespace_id(view), name)


@lru_cache(maxsize=4096)
def _key_of(of_namespace_id: int, name: str) -> bytes:
    return ACTION.key(of_namespace_id, tail=limits.check_name("action", name))


def find_action_row(view: View, name: str) -> ActionRow | None:
    """The row of a registered action, to read only."""
    row = view.get(ACTION, action_key(view, name))
    return row if row is not None and row.is_registered else None


def not_registered(name: str) -> NotFoundError:
    """What is said of an action that is not there."""
    return NotFoundError(
        f"action {limits.shown(name)} is not registered: start a worker that has it, or register it"
    )


def find_action(tx: Tx, name: str) -> OpenAction | None:
    """The registered action `name` of the command's namespace."""
    return find_action_in(tx, namespace_id(tx), name)


def find_action_in(tx: Tx, of_namespace_id: int, name: str) -> OpenAction | None:
    """The same, where the namespace's number is at hand."""
    key = _key_of(of_namespace_id, name)
    row = tx.get(ACTION, key)
    if row is None or not row.is_registered:
        return None
    return OpenAction(tx, tx.namespace, of_namespace_id, name, key, copy_of(row))


def the_action(tx: Tx, name: str) -> OpenAction:
    """The registered action `name`; raises `NotFoundError`."""
    action = find_action(tx, name)
    if action is None:
        raise not_registered(name)
    return action


def find_action_by_id(tx: Tx, action_id: int) -> OpenAction | None:
    """The action with this number, registered or not; in whatever namespace."""
    names = tx.get(ACTION_NAME, ACTION_NAME.key(action_id))
    if names is None:
        return None
    of_namespace_id = id_of(tx, names.namespace)
    key = _key_of(of_namespace_id, names.name)
    row = tx.get(ACTION, key)
    if row is None or row.id != action_id:
        return None
    return OpenAction(tx, names.namespace, of_namespace_id, names.name, key, copy_of(row))


copy_of: Final[Callable[[Any], Any]] = methodcaller("__copy__")
"""A row of one's own to change."""


def action_info(name: str, row: ActionRow) -> ActionInfo:
    """The action as callers see it."""
    settings = row.settings
    return ActionInfo(
        name,
        row.version,
        row.enabled,
        settings.type,
        settings.timeout_ms,
        settings.max_retries,
        settings.retry_delay_ms,
        settings.run_timeout_ms,
        settings.description,
        row.created_at_ms,
        row.updated_at_ms,
        settings.retention_ms,
        settings.limits,
        settings.key_path,
    )
