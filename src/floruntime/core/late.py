"""Attributes that are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Late:
    """An attribute that takes a while to make and is often not needed: `make` makes it for the
    instance, whose own it is from then on. (`cached_property` would slow down all its attributes.)
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        made = self._make(instance)
        setattr(instance, self._name, made)
        return made
