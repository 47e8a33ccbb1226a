"""The data of a `forEach` item in addition to its run's: the item, and what all items share."""

from __future__ import annotations

from typing import Any

from floruntime.engine.state.json_document import load_input
from floruntime.engine.workflow.runs.bodies import FOUND, ITEMS, OpenBody


def found_elsewhere(body: OpenBody) -> dict[str, Any]:
    """What was found when the step began, by path."""
    of = body.body
    data = body.tx.get(FOUND, FOUND.key(body.namespace_id, of.run, of.group))
    return {} if data is None else dict(load_input("found", data))


def item_of(body: OpenBody) -> Any:
    """The item of a body."""
    of = body.body
    place = (body.namespace_id, of.run, of.group)
    start, end = ITEMS.range(*place)[0], ITEMS.key(*place, of.index + 1)
    found = body.tx.last(ITEMS, start, end)
    assert found is not None, "an item stays while it may be asked for"
    key, together = found
    return load_input("item", together[of.index - ITEMS.unpack(key)[3]])
