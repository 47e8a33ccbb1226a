"""The key that a plan's success is cached under: a text with places for inputs.

`charge:{input.customer.id}` has one place, filled with the value that `$.input.customer.id` gives:
a text as it is, anything else as compact JSON.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from floruntime.core.limits import shown
from floruntime.engine.state.json_document import dump
from floruntime.engine.workflow.paths.errors import PathError
from floruntime.engine.workflow.paths.path import Path, Root, parse_path

_PLACE: Final = re.compile(r"\{([^{}]*)\}")


class CacheKeyError(ValueError):
    """A template that is not valid."""


@lru_cache(maxsize=1024)
def parse_cache_key(template: str) -> tuple[str | Path, ...]:
    """The template's texts and paths in turn, a text first. Raises `CacheKeyError`."""
    parts: list[str | Path] = list(_PLACE.split(template))
    for text in parts[::2]:
        if "{" in str(text) or "}" in str(text):
            raise CacheKeyError(f"{shown(template)} has a brace without its partner")
    for index in range(1, len(parts), 2):
        parts[index] = _path_of(template, str(parts[index]))
    return tuple(parts)


def _path_of(template: str, name: str) -> Path:
    wrong = (
        f"{{{name}}} in {shown(template)} names no input; "
        "write {input} or a path in it, such as {input.customer_id}"
    )
    if name != "input" and not name.startswith(("input.", "input[")):
        raise CacheKeyError(wrong)
    try:
        path = parse_path(f"$.{name}")
    except PathError as error:
        raise CacheKeyError(f"{wrong}: {error.message}") from None
    if not path.is_singular:
        raise CacheKeyError(f"{{{name}}} in {shown(template)} may name several inputs; name one")
    return path


def fill_cache_key(template: str, root: Root) -> str:
    """The key for a run. Raises `PathFindsNothing` where an input is missing."""
    parts = parse_cache_key(template)
    return "".join(
        part if isinstance(part, str) else _text_of(part.evaluate(root)) for part in parts
    )


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else dump(value).decode()
