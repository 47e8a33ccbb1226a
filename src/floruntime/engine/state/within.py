"""A stay of a view in another namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from floruntime.engine.state.tx import View


class Within:
    """A stay in another namespace. Nothing else moves a view once a command or query has begun."""

    __slots__ = ("_before", "_namespace", "_view")

    def __init__(self, view: View, namespace: str) -> None:
        self._view = view
        self._namespace = namespace

    def __enter__(self) -> None:
        self._before, self._view.namespace = self._view.namespace, self._namespace

    def __exit__(self, *error: object) -> None:
        self._view.namespace = self._before
