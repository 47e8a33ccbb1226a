"""Finds the key of a run in its payload, at the path that the action names."""

from __future__ import annotations

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_name
from floruntime.engine.action.rows import ActionRow
from floruntime.engine.state.json_document import find, load_input, parse_path


def key_of(action: ActionRow, payload: bytes) -> str | None:
    """The text or whole number that the action's `key_path` finds; `None`: there is no key.

    What is no JSON has none, nor has what is found but can be no name: empty, too long, with
    control characters, another type.
    """
    path = action.settings.key_path
    if path is None:
        return None
    try:
        found = find(load_input("payload", payload), parse_path(path))
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if not isinstance(found, str):
            return None
        check_name("key", found)
    except (BadRequestError, ValueError):
        return None
    return found
