"""The base classes of all messages, and the values that several primitives share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, Generic, TypeVar, overload

import msgspec

from floruntime.core.typed import decode_json, name_of
from floruntime.core.value import Value as Value

Reply_co = TypeVar("Reply_co", covariant=True)
Item = TypeVar("Item")


class PayloadValue(Value, frozen=True):
    """A result with a `payload`."""

    def text(self) -> str:
        """Decode the payload as text. Raises `UnicodeDecodeError` if it is not UTF-8."""
        return _payload_of(self).decode()

    def json(self) -> Any:
        """Decode the payload as JSON. Raises `ValueError` if it is not JSON."""
        return json.loads(_payload_of(self))


class EntryValue(Value, frozen=True):
    """A result with a `value`."""

    def text(self) -> str:
        """Decode the value as text. Raises `UnicodeDecodeError` if it is not UTF-8."""
        return _value_of(self).decode()

    def json(self) -> Any:
        """Decode the value as JSON. Raises `ValueError` if it is not JSON."""
        return json.loads(_value_of(self))


class OutputValue(Value, frozen=True):
    """A run, which has an `output` once it has completed."""

    def text(self) -> str:
        """Decode the output as text. Raises `ValueError` if it is not UTF-8, or not there (yet)."""
        return _the_output_of(self).decode()

    def json(self) -> Any:
        """Decode the output as JSON. Raises `ValueError` if it is not JSON, or not there (yet)."""
        return json.loads(_the_output_of(self))

    def into(self, kind: type[Item]) -> Item:
        """Decode the output, which is JSON, to a value of the type `kind`.

        `kind`: a msgspec struct, dataclass, TypedDict or pydantic model.

        Raises `ConflictError` unless the run has completed, and `BadRequestError`, naming the
        field, if its output does not fit.
        """
        errors = import_module("floruntime.core.errors")  # by its name, since it stands on this
        told: Any = self
        if told.status != "completed":
            raise errors.ConflictError(
                f"run {told.run_id} is {told.status}; only one that has completed has an output"
            )
        try:
            return decode_json(_the_output_of(self), kind)
        except ValueError as error:
            raise errors.BadRequestError(
                f"the output of run {told.run_id} is no {name_of(kind)}: {error}"
            ) from error


def _the_output_of(run: OutputValue) -> bytes:
    output = _output_of(run)
    if output is None:
        told = ", ".join(f"{name} {getattr(run, name)}" for name in ("run_id", "status", "error"))
        raise ValueError(f"the run has no output: {told}")
    return output


_output_of: attrgetter[bytes | None] = attrgetter("output")
_payload_of: attrgetter[bytes] = attrgetter("payload")
_value_of: attrgetter[bytes] = attrgetter("value")


class Request(
    msgspec.Struct,
    Generic[Reply_co],
    array_like=True,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    tag_field="request",
):
    """Base of everything that a client can ask. The type parameter is the type of the answer.

    A request with unknown fields is refused: an older server must not drop an option of a newer
    client. So an appended field is also listed in `core/older.py`, and is sent only if it differs
    from its default.
    """


class Command(Request[Reply_co], frozen=True):
    """A request that may write: it is ordered, applied, made durable, then answered."""


class Query(Request[Reply_co], frozen=True):
    """A request that only reads, on the last durable state."""


class Page(Sequence[Item]):
    """One page of a listing: a sequence with a `cursor` for the next page (`None`: the end)."""

    __slots__ = ("_items", "cursor")

    def __init__(self, items: Sequence[Item], cursor: str | None) -> None:
        self._items = items
        self.cursor = cursor

    @property
    def has_more(self) -> bool:
        """Whether another page follows; ask for it with `cursor`."""
        return self.cursor is not None

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Page):
            return list(self) == list(other) and self.cursor == other.cursor
        return list(self) == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a page is a view of mutable things

    def __repr__(self) -> str:
        return f"Page({list(self._items)!r}, cursor={self.cursor!r})"


class AckResult(Value, frozen=True):
    """The result for each item of an ack, nack or touch.

    `done`: the items for which it took effect (or had already, by the same holder). `stale`: the
    items whose lease the caller no longer holds, or that are unknown; nothing was changed for them.
    """

    done: list[int]
    stale: list[int]
