"""Mappings: JSON templates in which paths stand for the data of a run.

A text that begins with `$.` is a path. A map with exactly `path` and `default` is a path with a
default for when it finds nothing. Everything else is taken literally.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from floruntime.core import limits
from floruntime.engine.state.json_document import MISSING, dump
from floruntime.engine.workflow.paths.errors import MappingTooLarge, PathFindsNothing
from floruntime.engine.workflow.paths.path import Remembered, Root, is_path, parse_path
from floruntime.engine.workflow.paths.walk import Walk

_WITH_DEFAULT: Final = {"path", "default"}
_encode: Final = msgspec.json.Encoder().encode

Steps = tuple[str | int, ...]
"""Where something stands within a template: names and indexes."""


def has_default(template: Any) -> bool:
    """Whether this part of a template is a path with a default."""
    return (
        isinstance(template, dict)
        and template.keys() == _WITH_DEFAULT
        and is_path(template["path"])
    )


def paths_in(template: Any) -> Iterator[tuple[Steps, str]]:
    """Every path of a template and where it stands, in the template's order."""
    waiting: list[tuple[Steps, Any]] = [((), template)]
    while waiting:
        steps, part = waiting.pop()
        if is_path(part):
            yield steps, part
        elif has_default(part):
            yield (*steps, "path"), part["path"]
        else:
            waiting.extend(reversed([((*steps, step), inner) for step, inner in _inner(part)]))


def _inner(part: Any) -> list[tuple[str | int, Any]]:
    if isinstance(part, dict):
        return list(part.items())
    return list(enumerate(part)) if isinstance(part, list) else []


def resolve(
    template: Any,
    root: Root,
    *,
    bytes_max: int = limits.VALUE_BYTES_CEILING,
    found: dict[str, Any] | None = None,
) -> Any:
    """The JSON value that a template makes for a run. `found`: what paths have found already.

    Raises `PathFailed`, naming the path: it finds nothing and has no default, would touch too much,
    or makes the value larger than `bytes_max` bytes of JSON.
    """
    return _Resolution(root, bytes_max, found or {}).resolve(template)


class _Resolution:
    """One template for one run: each path is followed once; costs and sizes are added up."""

    def __init__(self, root: Root, bytes_max: int, found: dict[str, Any]) -> None:
        self._walk = Walk(Remembered(root))
        self._bytes_max = bytes_max
        self._bytes_left = bytes_max
        self._found = found

    def resolve(self, template: Any) -> Any:
        if isinstance(template, str):
            return self._follow(template) if is_path(template) else template
        if isinstance(template, list):
            return [self.resolve(part) for part in template]
        if not isinstance(template, dict):
            return template
        if has_default(template):
            return self._follow_or(template["path"], template["default"])
        return {name: self.resolve(part) for name, part in template.items()}

    def _follow(self, text: str) -> Any:
        value = self._find(text)
        if value is MISSING:
            raise PathFindsNothing(f"path {limits.shown(text)} finds nothing")
        return value

    def _follow_or(self, text: str, default: Any) -> Any:
        value = self._find(text)
        return default if value is MISSING else value

    def _find(self, text: str) -> Any:
        if text not in self._found:
            self._found[text] = parse_path(text).find_on(self._walk)
        value = self._found[text]
        if value is not MISSING:
            self._take_up(text, value)
        return value

    def _take_up(self, text: str, value: Any) -> None:
        # One by one: a list of found nodes may hold each of them many times over.
        for part in value if isinstance(value, list) else [value]:
            self._bytes_left -= _size_bytes(part)
            if self._bytes_left < 0:
                raise MappingTooLarge(
                    f"with path {limits.shown(text)} the mapping makes more than "
                    f"{self._bytes_max:,} bytes of JSON"
                )


def _size_bytes(value: Any) -> int:
    try:
        return len(_encode(value))
    except UnicodeEncodeError:  # a lone surrogate
        return len(dump(value))
