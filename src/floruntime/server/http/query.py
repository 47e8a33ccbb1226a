"""The fields of a query: `?stream=events&partition=0`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.core.nearest import nearest

_FLAGS = {"true": True, "1": True, "": True, "false": False, "0": False}


class Query:
    """Fields by name. `known`: those that there may be. Raises `BadRequestError` on others."""

    def __init__(self, fields: Mapping[str, str], known: Iterable[str]) -> None:
        self._fields = fields
        names = list(known)
        for name in fields:
            if name not in names:
                near = nearest(name, names)
                hint = f"; did you mean {near}?" if near else f"; there are {', '.join(names)}"
                raise BadRequestError(f"there is no field {shown(name)}{hint}")

    def text(self, name: str, otherwise: str) -> str:
        """A text that may be left out."""
        return self._fields.get(name, otherwise)

    def optional(self, name: str) -> str | None:
        """A text, if it is given."""
        return self._fields.get(name)

    def needed(self, name: str) -> str:
        """A text that must be given."""
        if name not in self._fields:
            raise BadRequestError(f"{name} is missing")
        return self._fields[name]

    def integer(self, name: str) -> int | None:
        """A whole number, if it is given."""
        text = self._fields.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise BadRequestError(f"{name} is {shown(text)}; it must be a whole number")
        return int(text)

    def flag(self, name: str) -> bool:
        """Whether a flag is given; off by default."""
        text = self._fields.get(name, "false")
        if text not in _FLAGS:
            raise BadRequestError(f"{name} is {shown(text)}; it must be true or false")
        return _FLAGS[text]
