"""Namespaces: listed, made and deleted. One also comes into being with its first write."""

from __future__ import annotations

from floruntime.client.api.caller import Caller
from floruntime.core.system import NamespaceCreate, NamespaceDelete, NamespaceInfo, NamespaceList
from floruntime.core.types import Page


class Namespaces:
    """`client.namespaces`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def create(self, name: str) -> bool:
        """Make a namespace; whether it is new."""
        return await self._caller.call(NamespaceCreate(name))

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[NamespaceInfo]:
        """A page of the namespaces, by name."""
        reply = await self._caller.call(NamespaceList(limit, cursor))
        return Page(reply.items, reply.cursor)

    async def delete(self, name: str, *, force: bool = False) -> bool:
        """Delete a namespace; whether it existed. One that is not empty wants `force`."""
        return await self._caller.call(NamespaceDelete(name, force))
