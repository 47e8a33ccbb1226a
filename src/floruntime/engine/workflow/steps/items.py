"""The items of a `forEach`: taken from their list once, and stored a few to a row.

So the cost of one item does not grow with their number. What the item's mapping and key take from
elsewhere is also looked up once, when the step begins.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core.limits import shown
from floruntime.engine.state.json_document import MISSING, dump
from floruntime.engine.workflow.language.definition import ForEach
from floruntime.engine.workflow.language.step_parts import ITEMS_MAX
from floruntime.engine.workflow.paths.errors import PathFailed
from floruntime.engine.workflow.paths.mapping import paths_in
from floruntime.engine.workflow.paths.path import FloField, HeadKind, parse_path
from floruntime.engine.workflow.runs.bodies import FOUND, ITEMS
from floruntime.engine.workflow.runs.context import RunRoot, value_in_run
from floruntime.engine.workflow.runs.run import OpenWorkflowRun

TOGETHER_MAX: Final = 32
"""Items in one row."""
TOGETHER_BYTES_MAX: Final = 16_384
"""A row takes no further item once it has this size."""
_OF_ITEMS: Final = (HeadKind.ITEM, HeadKind.INDEX)


def list_of_items(run: OpenWorkflowRun, each: ForEach) -> list[Any]:
    """Return the items. Raises `PathFailed` if they are not a list, or the list is too long."""
    items = value_in_run(run, each.items)
    if not isinstance(items, list):
        raise PathFailed(f"items {shown(each.items)} is no list")
    if len(items) > ITEMS_MAX:
        raise PathFailed(
            f"items {shown(each.items)} has {len(items)} items; at most {ITEMS_MAX} are allowed"
        )
    return items


def keep_items(run: OpenWorkflowRun, each: ForEach, group: int, items: list[Any]) -> None:
    """Store the items, and what the mapping and the key of each take from elsewhere."""
    tx, place = run.tx, (run.namespace_id, run.number, group)
    together: list[bytes] = []
    first = size_bytes = 0
    for index, item in enumerate(items):
        data = dump(item)
        if len(together) == TOGETHER_MAX or size_bytes > TOGETHER_BYTES_MAX:
            tx.put(ITEMS, ITEMS.key(*place, first), together)
            together, first, size_bytes = [], index, 0
        together.append(data)
        size_bytes += len(data)
    tx.put(ITEMS, ITEMS.key(*place, first), together)
    found = _found_elsewhere(run, each)
    if found:
        tx.put(FOUND, FOUND.key(*place), dump(found))


def _found_elsewhere(run: OpenWorkflowRun, each: ForEach) -> dict[str, Any]:
    """What those paths find that look neither at the item nor at the clock. What one of them does
    not find, or only at too high a cost, each item is told for itself.
    """
    found = {}
    root = RunRoot(run)
    for _, text in paths_in([each.input_mapping, each.key]):
        path = parse_path(text)
        if any(head.kind in _OF_ITEMS or head.name == FloField.TIMESTAMP for head in path.heads):
            continue
        try:
            value = path.find(root)
        except PathFailed:
            continue
        if value is not MISSING:
            found[text] = value
    return found
