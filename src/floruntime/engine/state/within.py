"""Moves a view to another namespace for the length of a `with` block."""

from __future__ import annotations

from typing import Protocol


class Placed(Protocol):
    """What reads in a namespace."""

    namespace: str


class Within:
    """A stay in another namespace. Nothing else moves a view once a command or query has begun."""

    __slots__ = ("_before", "_namespace", "_view")

    def __init__(self, view: Placed, namespace: str) -> None:
        self._view = view
        self._namespace = namespace

    def __enter__(self) -> None:
        self._before, self._view.namespace = self._view.namespace, self._namespace

    def __exit__(self, *error: object) -> None:
        self._view.namespace = self._before
