"""The one door through which each primitive's methods reach the server."""

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
        """What calls mean that name no namespace."""
        ...

    @property
    def leases(self) -> Leases:
        """What it remembers of its deliveries."""
        ...

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call. What is awaited raises the `FloError` of the server or the connection."""
        ...


class Elsewhere:
    """Another caller's calls, in a namespace of their own."""

    def __init__(self, of: Caller, namespace: str) -> None:
        self.namespace = namespace
        self._of = of

    @property
    def leases(self) -> Leases:
        """What the other remembers of its deliveries."""
        return self._of.leases

    def perform(self, ask: Ask[R]) -> Operation[R]:
        """Make one call, as the other does."""
        if ask.namespace is None:
            ask.namespace = self.namespace
        return self._of.perform(ask)


class Part:
    """A part of a client, `client.kv` say: its methods make calls of their arguments."""

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
        """As `_call`; the caller gets what `finish` makes of the answer."""
        return self._caller.perform(
            Ask(request, finish, namespace=namespace, timeout_ms=timeout_ms, block_ms=block_ms)
        )


def first(items: list[R]) -> R:
    """The answer of a request for one, which the server answers as for several."""
    return items[0]
