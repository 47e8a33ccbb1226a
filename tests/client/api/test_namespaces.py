"""Namespaces: what is sent, what comes back."""

from __future__ import annotations

from floruntime.client.api.namespaces import Namespaces
from floruntime.core.system import (
    NamespaceCreate,
    NamespaceDelete,
    NamespaceInfo,
    NamespaceList,
    NamespaceListReply,
)
from tests.client.recorder import RecordingCaller


async def test_namespaces() -> None:
    info = NamespaceInfo("a", 1)
    caller = RecordingCaller(True, NamespaceListReply([info], "more"), False)
    namespaces = Namespaces(caller)
    assert await namespaces.create("a") is True
    page = await namespaces.list(limit=1, cursor="c")
    assert (list(page), page.cursor, page.has_more) == ([info], "more", True)
    assert await namespaces.delete("a", force=True) is False
    assert caller.requests == [
        NamespaceCreate("a"),
        NamespaceList(1, "c"),
        NamespaceDelete("a", True),
    ]
