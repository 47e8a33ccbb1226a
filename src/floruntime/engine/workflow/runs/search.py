"""Search attributes: taken from a run's documents, and found by their values.

An attribute whose path finds nothing, or something that is not of its type (a text with half a
character, say), is null and not found by any search. Attributes are taken when the run starts, and
again after each step if they look at steps.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, assert_never

from floruntime.engine.state.json_document import dump
from floruntime.engine.state.tx import Tx
from floruntime.engine.workflow.language.definition import AttributeType, SearchAttribute
from floruntime.engine.workflow.runs.context import find_in_run
from floruntime.engine.workflow.runs.rows import SEARCH, SEARCH_VALUE
from floruntime.engine.workflow.runs.run import OpenWorkflowRun
from floruntime.engine.workflow.runs.search_values import key_of_value

_OF_STEPS: Final = "$.steps"
TEXT_CHARS_MAX: Final = 1_024
"""A longer text is no search attribute: it is null."""


def set_attributes(run: OpenWorkflowRun, *, is_start: bool = False) -> None:
    """Take the run's attributes from its documents, those that may have changed."""
    attributes = run.definition.search_attributes
    if not attributes:
        return
    declared = [
        attribute for attribute in attributes if is_start or attribute.source.startswith(_OF_STEPS)
    ]
    if not declared:
        return
    before = run.row.search_attributes
    after = before | {attribute.name: _value_of(run, attribute) for attribute in declared}
    if after != before:
        _index(run, before, after)
        run.row.search_attributes = after


def _value_of(run: OpenWorkflowRun, attribute: SearchAttribute) -> Any:
    value = find_in_run(run, attribute.source)
    return value if _is_of_type(value, attribute.type) else None


def _is_of_type(value: Any, type: AttributeType) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    match type:
        case AttributeType.STRING:
            return isinstance(value, str) and len(value) <= TEXT_CHARS_MAX and _is_unicode(value)
        case AttributeType.TIMESTAMP:
            return is_whole and 0 <= value < 2**63
        case AttributeType.NUMBER:
            return isinstance(value, float) or (is_whole and -(2**63) <= value < 2**63)
        case _:
            assert_never(type)


def _is_unicode(text: str) -> bool:
    """JSON can escape half a character (a lone surrogate), which no row can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _index(run: OpenWorkflowRun, before: dict[str, Any], after: dict[str, Any]) -> None:
    tx = run.tx
    for name, value in before.items():
        if value is not None and after.get(name) != value:
            tx.delete(SEARCH_VALUE, key_of_value(run.namespace_id, name, value, run.number))
            if not run.workflow.row.is_indexed:
                mark = mark_of(name, value)
                tx.delete(SEARCH, SEARCH.key(run.namespace_id, mark, run.number))
    for name, value in after.items():
        if value is not None and before.get(name) != value:
            tx.put(SEARCH_VALUE, key_of_value(run.namespace_id, name, value, run.number), True)


def move_attributes(tx: Tx, of_namespace_id: int, number: int, attributes: dict[str, Any]) -> None:
    """Put a run of before where its values stand in their order."""
    for name, value in attributes.items():
        if value is not None:
            tx.delete(SEARCH, SEARCH.key(of_namespace_id, mark_of(name, value), number))
            tx.put(SEARCH_VALUE, key_of_value(of_namespace_id, name, value, number), True)


def clear_attributes(run: OpenWorkflowRun) -> None:
    """Take the run out of the index."""
    _index(run, run.row.search_attributes, {})


def mark_of(name: str, value: Any) -> int:
    """Where runs of before with this value stand in their index; by chance others do, too."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 99.0 and 99 are one number
    digest = hashlib.blake2b(dump([name, value]), digest_size=8).digest()
    return int.from_bytes(digest, "big")
