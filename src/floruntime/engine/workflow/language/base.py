"""The base of all parts of a definition: kinds of texts and values, and their base class."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from floruntime.core import limits


class Kind(StrEnum):
    """What a text or value is beyond its type; `Meta(extra={"kind": …})` says so."""

    NAME = "name"
    OUTCOME = "outcome"
    TARGET = "target"
    PATH = "path"
    MAPPING = "mapping"
    JSON = "JSON"
    CONDITION = "condition"
    DURATION = "ms or path"
    MOMENT = "time or path"
    JOIN = "all, any or number"
    KEY = "text or path"


def of_kind(kind: Kind, **bounds: Any) -> Meta:
    """A text or value of this kind."""
    return Meta(extra={"kind": kind}, **bounds)


def says(description: str) -> Meta:
    """What a key means: shown by editors and in the reference."""
    return Meta(description=description)


Name = Annotated[str, of_kind(Kind.NAME, min_length=1, max_length=limits.NAME_BYTES_MAX)]
"""1 to 255 bytes of UTF-8, no control characters."""
OutcomeName = Annotated[str, of_kind(Kind.OUTCOME, min_length=1, max_length=limits.NAME_BYTES_MAX)]
TargetText = Annotated[str, of_kind(Kind.TARGET, min_length=1)]
PathText = Annotated[str, of_kind(Kind.PATH, min_length=1)]
KeyText = Annotated[str, of_kind(Kind.KEY, min_length=1)]
"""A text, or a path to one or to a whole number."""
DurationMs = Annotated[int, Meta(ge=0, le=limits.DURATION_MS_MAX)]
PositiveMs = Annotated[int, Meta(ge=1, le=limits.DURATION_MS_MAX)]
Count = Annotated[int, Meta(ge=1, le=limits.ATTEMPTS_MAX)]
Mapping = Annotated[Any, of_kind(Kind.MAPPING)]
"""A template of JSON: strings that begin with `$.` are paths, a map of `path` and `default` is a
path with a default, all else is itself. In YAML also JSON text, which is read into this."""
Json = Annotated[Any, of_kind(Kind.JSON)]
"""Any JSON value; in YAML also JSON text, which is read into this."""


Condition = Annotated[str, of_kind(Kind.CONDITION, min_length=1)]
"""The logical expression of a filter of RFC 9535, with absolute paths."""
DurationOrPath = Annotated[Any, of_kind(Kind.DURATION)]
"""Milliseconds, or a path to them."""
MomentOrPath = Annotated[Any, of_kind(Kind.MOMENT)]
"""Epoch milliseconds, RFC 3339 text, or a path to either."""

Join = Annotated[Any, of_kind(Kind.JOIN)]
"""`all`, `any`, or how many."""


class Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Base of all parts of a definition."""
