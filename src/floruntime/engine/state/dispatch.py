"""The types of the list in `engine/rules`, and how a rule is looked up.

A machine is built with one list of rules. Its transaction carries that list, so that a rule can
call others that it may not import, such as those notified of the end of an action's run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from floruntime.core.errors import FloError, StorageFullError
from floruntime.core.types import Command, Query, Request
from floruntime.engine.state.audit_note import AuditNote
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Topic, Tx, View

CommandType = TypeVar("CommandType", bound=Command[Any])
QueryType = TypeVar("QueryType", bound=Query[Any])


def _is_never_spent(tx: Tx, topic: Topic) -> bool:
    return False


def _nothing_told(request: Any) -> None:
    return None


def _itself(request: Any) -> Any:
    return request


def _unchanged(view: View, request: Any) -> Any:
    return request


class CommandRule(NamedTuple):
    """How a command is applied. `grows`: refused while the disk is nearly full."""

    apply: Callable[[Tx, Any], Any]
    grows: bool


class WaitRule(NamedTuple):
    """How a request (which has a `block_ms`) waits: on which topics, and what answer ends the wait.

    `begin` pins a waiting request to the moment its wait began (for example to the tail of a
    stream). It is called once, on the state of the first, empty answer. `renew` pins a request that
    still waits to a later state in which it has found nothing either. `keeps_alive`: asking again
    renews something of the caller's (a group member), so the request is asked before every tick
    too. `is_spent`: whether the last waiting request that was asked left nothing for the others on
    the topic; it is judged cheaply, from a count. `look`: for a command that acts once and then
    only looks, the query that waits in its place, made from its answer. `rest`: for a command that
    acts once and then asks again, what it asks for. `gone`: for a query whose namespace is deleted
    while it waits, its refusal; if `None`, it gets the answer of that moment.
    """

    topics: Callable[[str, Any], Sequence[Topic]]
    found: Callable[[Any], bool]
    begin: Callable[[View, Any], Any] = _unchanged
    keeps_alive: bool = False
    renew: Callable[[View, Any], Any] | None = None
    is_spent: Callable[[Tx, Topic], bool] = _is_never_spent
    look: Callable[[Any], Query[Any]] | None = None
    rest: Callable[[Any], Any] = _itself
    gone: Callable[[Any], FloError | None] = _nothing_told


class RecallRule(NamedTuple):
    """How an answer is remembered without a copy of its payloads: `memo(result)` is kept, and
    `recall(tx, command, memo)` makes the answer again.
    """

    memo: Callable[[Any], Any]
    recall: Callable[[Tx, Any, Any], Any]


class Children(NamedTuple):
    """Further owners, each named by a row of `directory`, which begins with its owner's number."""

    directory: Table[Any]
    kind: int
    id_of: Callable[[Any], int]


class Owned(NamedTuple):
    """What dies with an owner: tables whose rows begin with its number, and further owners."""

    tables: tuple[Table[Any], ...] = ()
    children: tuple[Children, ...] = ()


TimerRule = Callable[[Tx, int, int, int, Any], None]
"""`fire(tx, due_ms, owner_id, item, data)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a machine.

    `items`: of queries whose answers are lists and may be large, these lists item by item.
    `tables`: all there are, by tag. `hand_backs` release, by primitive, what was delivered to a
    lost connection. `contents` say whether a namespace holds anything of a person's.
    `action_registered`, `action_run_ended` and `records_came` hear, in the same command, of an
    action that is there from now on, of each action run that has ended, and of a stream whose
    groups (or of which one group) may have more to read. `action_run_wanted` says whether the end
    of an action run still counts that was begun for a workflow run. `audit` writes down what was
    carried out. `workflow` has what only workflows know of: see `workflow/runs/hooks.py`.
    `jobs`: the kinds of jobs (`system/jobs.py: JobKind`).
    """

    commands: Mapping[type[Request[Any]], CommandRule]
    queries: Mapping[type[Request[Any]], Callable[[View, Any], Any]]
    items: Mapping[type[Request[Any]], Callable[[View, Any], Iterator[Any]]]
    waits: Mapping[type[Request[Any]], WaitRule]
    recalls: Mapping[type[Request[Any]], RecallRule]
    timers: Mapping[int, TimerRule]
    hand_backs: Mapping[str, Callable[[Tx, Any], None]]
    owners: Mapping[int, Owned]
    tables: Mapping[bytes, Table[Any]]
    contents: tuple[Callable[[View, int], bool], ...]
    action_registered: Callable[[Tx, str], None]
    action_run_ended: Callable[[Any, bytes], None]
    action_run_wanted: Callable[[Tx, int, int], bool]
    records_came: Callable[[Tx, str, str | None], None]
    audit: Callable[[Tx, AuditNote, Any, Any], None]
    workflow: Any
    jobs: Mapping[str, Any]


class CommandPlan(NamedTuple):
    """All that the rules say of one kind of command: found by one look, for each command."""

    rule: CommandRule
    wait: WaitRule | None
    recall: RecallRule | None


def plans_of(rules: Rules) -> dict[type[Request[Any]], CommandPlan]:
    """The plan of every command."""
    return {
        kind: CommandPlan(rule, rules.waits.get(kind), rules.recalls.get(kind))
        for kind, rule in rules.commands.items()
    }


def rules_of(tx: Tx) -> Rules:
    """The rules of the machine whose transaction this is."""
    rules: Rules = tx.rules
    return rules


def command(
    kind: type[CommandType], apply: Callable[[Tx, CommandType], Any], *, grows: bool = True
) -> tuple[type[Request[Any]], CommandRule]:
    """One line of the list: commands of `kind` are applied by `apply`, which refuses by raising a
    `FloError`.
    """
    return kind, CommandRule(apply, grows)


def query(
    kind: type[QueryType], answer: Callable[[View, QueryType], Any]
) -> tuple[type[Request[Any]], Callable[[View, Any], Any]]:
    """One line of the list: queries of `kind` are answered by `answer`."""
    return kind, answer


def apply_rule(tx: Tx, command: Command[Any]) -> Any:
    """Apply the command by its rule, if there is room for what grows."""
    rule: CommandRule = tx.rules.commands[type(command)]
    if rule.grows and not tx.may_grow:
        raise storage_full()
    return rule.apply(tx, command)


def storage_full() -> StorageFullError:
    """The refusal of a command that needs disk space while the disk is nearly full."""
    return StorageFullError(
        "the server's disk is nearly full: writes that need space are refused, while "
        "reads, acks, deletes, purges and workers go on. Free space on the disk, or purge, "
        "trim or delete data; then the server accepts such writes again by itself"
    )
