"""Which function answers which request. Each primitive's module registers its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from floruntime.core.types import Command, Query, Request
from floruntime.engine.state.tx import Topic, Tx, View

CommandType = TypeVar("CommandType", bound=Command[Any])
QueryType = TypeVar("QueryType", bound=Query[Any])
Handler = TypeVar("Handler", bound=Callable[..., Any])


def _is_never_spent(tx: Tx, topic: Topic) -> bool:
    return False


def _itself(request: Any) -> Any:
    return request


class CommandRule(NamedTuple):
    """How a command is applied. `grows`: refused while the disk is nearly full."""

    apply: Callable[[Tx, Any], Any]
    grows: bool


class WaitRule(NamedTuple):
    """How a request waits: on which topics, and whether an answer ends the wait.

    `begin` pins a request that waits to the moment its wait began (the tail of a stream, say);
    it is called once, on the state of the first, empty answer. `renew` moves a request that still
    waits on to a later state in which it has found nothing either. `keeps_alive`: asking again
    renews something of the caller's (a group member), so it is done before every tick too. `alike`:
    where one who waits finds nothing, nobody else on the topic would. `is_spent`: whether, on the
    state that the last one to be asked left, nobody would (cheaply judged, from a count). `look`:
    of a command that acts once and then only looks, the query that it goes on as, given its answer.
    `rest`: of a command that acts once and then asks again, what it asks for.
    """

    topics: Callable[[str, Any], Sequence[Topic]]
    found: Callable[[Any], bool]
    begin: Callable[[View, Any], Any]
    keeps_alive: bool
    alike: bool
    renew: Callable[[View, Any], Any] | None = None
    is_spent: Callable[[Tx, Topic], bool] = _is_never_spent
    look: Callable[[Any], Query[Any]] | None = None
    rest: Callable[[Any], Any] = _itself


class RecallRule(NamedTuple):
    """How the answer of a command with payloads is remembered without copying them."""

    memo: Callable[[Any], Any]
    recall: Callable[[Tx, Any, Any], Any]


COMMANDS: dict[type[Request[Any]], CommandRule] = {}
QUERIES: dict[type[Request[Any]], Callable[[View, Any], Any]] = {}
WAITS: dict[type[Request[Any]], WaitRule] = {}
RECALLS: dict[type[Request[Any]], RecallRule] = {}
TIMERS: dict[int, Callable[[Tx, int, int, int, Any], None]] = {}
HAND_BACKS: dict[str, Callable[[Tx, Any], None]] = {}
RUN_ENDS: list[Callable[[Any, bytes], None]] = []
RECORDS: list[Callable[[Tx, str], None]] = []


def command(kind: type[Command[Any]], *, grows: bool = True) -> Callable[[Handler], Handler]:
    """Register `handler(tx, command) -> result` for `kind`. It refuses by raising a `FloError`."""

    def add(handler: Handler) -> Handler:
        COMMANDS[kind] = CommandRule(handler, grows)
        return handler

    return add


def query(kind: type[Query[Any]]) -> Callable[[Handler], Handler]:
    """Register `handler(view, query) -> result` for `kind`."""

    def add(handler: Handler) -> Handler:
        QUERIES[kind] = handler
        return handler

    return add


def _unchanged(view: View, request: Any) -> Any:
    return request


def waits(
    kind: type[Request[Any]],
    *,
    topic: Callable[[str, Any], Topic] | None = None,
    topics: Callable[[str, Any], Sequence[Topic]] | None = None,
    found: Callable[[Any], bool],
    begin: Callable[[View, Any], Any] = _unchanged,
    keeps_alive: bool = False,
    alike: bool = False,
    renew: Callable[[View, Any], Any] | None = None,
    is_spent: Callable[[Tx, Topic], bool] = _is_never_spent,
    look: Callable[[Any], Query[Any]] | None = None,
    rest: Callable[[Any], Any] = _itself,
) -> None:
    """Let `kind` (which has a `block_ms`) wait on its topic, or topics, until `found(answer)`."""
    all_topics = topics if topic is None else _only(topic)
    assert all_topics is not None, "a request that waits has something to wait on"
    WAITS[kind] = WaitRule(
        all_topics, found, begin, keeps_alive, alike, renew, is_spent, look, rest
    )


def _only(topic: Callable[[str, Any], Topic]) -> Callable[[str, Any], Sequence[Topic]]:
    def topics(namespace: str, request: Any) -> Sequence[Topic]:
        return (topic(namespace, request),)

    return topics


def recalls(
    kind: type[Command[Any]],
    *,
    memo: Callable[[Any], Any],
    recall: Callable[[Tx, Any, Any], Any],
) -> None:
    """Remember `memo(result)` of `kind`, not the result; `recall(tx, command, memo)` restores."""
    RECALLS[kind] = RecallRule(memo, recall)


def on_timer(kind: int) -> Callable[[Handler], Handler]:
    """Register `handler(tx, due_ms, owner_id, item, data)` for timers of `kind`."""

    def add(handler: Handler) -> Handler:
        if kind in TIMERS:
            raise ValueError(f"timer kind {kind} is taken")
        TIMERS[kind] = handler
        return handler

    return add


def on_hand_back(primitive: str) -> Callable[[Handler], Handler]:
    """Register `handler(tx, delivery)`, which releases what was delivered to a lost connection."""

    def add(handler: Handler) -> Handler:
        HAND_BACKS[primitive] = handler
        return handler

    return add


def on_run_end(handler: Handler) -> Handler:
    """Let `handler(run, output)` hear of each action run that has ended, in the same command."""
    RUN_ENDS.append(handler)
    return handler


def on_records(handler: Handler) -> Handler:
    """Let `handler(tx, stream)` hear, in the same command, when groups of a stream may have more to
    read: of each append, and when a group was moved.
    """
    RECORDS.append(handler)
    return handler
