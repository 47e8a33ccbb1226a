"""How the methods of every primitive reach the server: through a `Caller`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from floruntime.client.api.base.leases import Leases
from floruntime.client.api.base.operation import Ask, Operation
from floruntime.core.types import Request

A = TypeVar("A")
R = TypeVar("R")


class Caller(Protocol):
    """Makes calls: a client sends them, a batch records them."""

    @property
    def namespace(self) -> str:
        """The namespace of calls that name none."""
        ...

    @property
    def leases(self) -> Leases:
        """The leases of the deliveries that it was given."""
        ...

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call. Awaiting it raises the `FloError` of the server or the connection."""
        ...


class Elsewhere:
    """Another caller's calls, in another default namespace."""

    def __init__(self, of: Caller, namespace: str) -> None:
        self.namespace = namespace
        self._of = of

    @property
    def leases(self) -> Leases:
        """The leases of the deliveries that the other caller was given."""
        return self._of.leases

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call through the other caller."""
        if ask.namespace is None:
            ask.namespace = self.namespace
        return self._of.perform(ask)


class Part:
    """A part of a client, such as `client.kv`: its methods turn their arguments into calls."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def _call(
        self,
        request: Request[R],
        namespace: str | None,
        timeout_ms: int | None,
        block_ms: int = 0,
    ) -> Operation[R]:
        return self._caller.perform(
            Ask(request, None, namespace=namespace, timeout_ms=timeout_ms, block_ms=block_ms)
        )

    def _call_for(
        self,
        finish: Callable[[A], R],
        request: Request[A],
        namespace: str | None,
        timeout_ms: int | None,
        block_ms: int = 0,
    ) -> Operation[R]:
        """Like `_call`, but the caller gets what `finish` makes of the answer."""
        return self._caller.perform(
            Ask(request, finish, namespace=namespace, timeout_ms=timeout_ms, block_ms=block_ms)
        )


def first(items: list[R]) -> R:
    """The first item of the answer: one item was asked for, and the server answers with a list."""
    return items[0]
