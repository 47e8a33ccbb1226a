"""A JSON document that is decoded only as far as it is looked into.

Reading and writing a whole large document takes tens of milliseconds per megabyte, while a caller
often needs a single place of it. So a large document is validated, and cut into the members of one
level, at memory speed. Parts that are not looked into stay text, as they were written. A small
document is decoded as a whole.

A value that is many levels deep would be scanned again at each level. So after some scans the rest
is decoded as a whole, too.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import shown
from floruntime.engine.state.json_document import (
    LARGE_BYTES,
    MISSING,
    Step,
    check_depth_within,
    dump,
    dump_large,
    load,
    load_input,
    load_stored,
)

PASSES_MAX: Final = 4
"""How many times its size is passed over, before what is left is read whole."""

_LEVEL = msgspec.json.Decoder(dict[str, Raw] | list[Raw] | str | int | float | bool | None)
_GARBAGE = (msgspec.DecodeError, ValueError, RecursionError)


class JsonTree:
    """The document under `key`. Raises `ConflictError` where the value is none."""

    def __init__(self, key: str, text: bytes) -> None:
        self._key = key
        self._bytes_left = PASSES_MAX * len(text)
        is_large = len(text) > LARGE_BYTES and _is_utf8(text)
        self._root: Any = _level(text) if is_large else MISSING
        self._is_whole = self._root is MISSING
        if self._is_whole:
            self._root = load_stored(key, text)
        #: How long it is as text.
        self.size_bytes = len(self.text())

    def find(self, steps: tuple[Step, ...]) -> Any:
        """What lies at `steps`, perhaps as text (`Raw`), or `MISSING`."""
        found = self._root
        for depth, step in enumerate(steps):
            if isinstance(found, Raw):
                found = self._open(steps[:depth], found)
            if isinstance(step, str):
                if not isinstance(found, dict) or step not in found:
                    return MISSING
            elif not isinstance(found, list) or not -len(found) <= step < len(found):
                return MISSING
            found = found[step]
        return found

    def _open(self, steps: tuple[Step, ...], raw: Raw) -> Any:
        """Cut what lies at `steps` into its members."""
        text = bytes(raw)
        self._bytes_left -= len(text)
        opened = _level(text) if self._bytes_left > 0 else MISSING
        if opened is MISSING:
            opened = load_stored(self._key, text)
        self.find(steps[:-1])[steps[-1]] = opened
        self.size_bytes += len(self._text_of(opened)) - len(text)
        return opened

    def _opened(self, steps: tuple[Step, ...]) -> Any:
        found = self.find(steps)
        return self._open(steps, found) if isinstance(found, Raw) else found

    def get(self, steps: tuple[Step, ...]) -> bytes | None:
        """What lies at `steps` as text; `None` where nothing does."""
        found = self.find(steps)
        if found is MISSING:
            return None
        text = self._text_of(found)
        if self._is_whole or (len(text) > LARGE_BYTES and _is_readable(text)):
            return text
        return dump(load_stored(self._key, text))

    def grows_by(self, steps: tuple[Step, ...], value: bytes) -> int:
        """By how many bytes it grows when `value` is set at `steps`."""
        old = self.find(steps)
        if old is not MISSING:
            return len(value) - len(self._text_of(old))
        parent = self.find(steps[:-1])
        if isinstance(parent, dict):
            return len(value) + len(dump(steps[-1])) + len(":") + (1 if parent else 0)
        return len(value)

    def replace(self, path: str, steps: tuple[Step, ...], value: Any, text: bytes) -> None:
        """Set what lies at `steps` (at least one); a missing last member is created.

        `text`: that of the value.
        """
        grown_bytes = self.grows_by(steps, text)
        parent = self._opened(steps[:-1])
        last = steps[-1]
        is_member = isinstance(last, str) and isinstance(parent, dict)
        if not is_member and self.find(steps) is MISSING:
            raise BadRequestError(
                f"path {shown(path)} does not fit the document: only the last member may be "
                "missing, and an index must be in range"
            )
        check_depth_within(value, path, len(steps))
        parent[last] = value if self._is_whole else Raw(text)
        self.size_bytes += grown_bytes

    def remove(self, steps: tuple[Step, ...]) -> bool:
        """Delete what lies at `steps` (at least one). Answers whether it was there."""
        old = self.find(steps)
        if old is MISSING:
            return False
        parent = self.find(steps[:-1])
        self.size_bytes -= len(self._text_of(old)) + (1 if len(parent) > 1 else 0)
        if isinstance(steps[-1], str):
            self.size_bytes -= len(dump(steps[-1])) + len(":")
        del parent[steps[-1]]
        return True

    def text(self) -> bytes:
        """All of it."""
        return self._text_of(self._root)

    def _text_of(self, node: Any) -> bytes:
        return dump(node) if self._is_whole else _joined(node)


def load_value(field: str, given: bytes) -> tuple[Any, bytes]:
    """A value that a caller sent, and its compact text. Raises `BadRequestError`."""
    value = load_input(field, given)
    return value, (dump_large if len(given) > LARGE_BYTES else dump)(value)


def _is_utf8(text: bytes) -> bool:
    """Whether it is: what is not looked into is not checked for that otherwise."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_readable(text: bytes) -> bool:
    """Whether all of it can be read, each number too."""
    try:
        msgspec.json.decode(text)
    except _GARBAGE:
        return False
    return True


def _level(text: bytes) -> Any:
    """The members of a document; `MISSING` where only a reader of all of it may tell."""
    try:
        return _LEVEL.decode(text)
    except _GARBAGE:
        return MISSING


def _joined(node: Any) -> bytes:
    if isinstance(node, Raw):
        return bytes(node)
    try:
        return msgspec.json.encode(node)
    except UnicodeEncodeError:  # a lone surrogate: only its escape has a place in UTF-8
        return dump(_whole(node))


def _whole(node: Any) -> Any:
    """`node` without anything that is still text."""
    if isinstance(node, Raw):
        return load(bytes(node))
    if isinstance(node, dict):
        return {name: _whole(member) for name, member in node.items()}
    return [_whole(item) for item in node] if isinstance(node, list) else node
