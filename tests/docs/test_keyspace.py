"""docs/keyspace.md describes every table as it is, and keys lie where they always lay."""

from __future__ import annotations

import re
from typing import Any

import pytest
from scripts.generate_keyspace_docs import sections
from scripts.sections import DOCS, with_sections

from floruntime.core import limits
from floruntime.core.system import TIMERS_PER_TICK_MAX
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.queue import rows as queue_rows
from floruntime.engine.rules import RULES
from floruntime.engine.state import machine_row
from floruntime.engine.state.keyspace import Table
from floruntime.engine.stream import rows as stream_rows
from floruntime.engine.stream.group import rows as group_rows
from floruntime.engine.stream.retention import ROW_BY_ROW_MAX
from floruntime.engine.system import timers, write_memory
from floruntime.engine.system.reclaim import CHILDREN_PER_TICK_MAX
from floruntime.engine.workflow.catalog.schedules import SCHEDULE_DUE
from floruntime.engine.workflow.runs import retention as workflow_retention
from floruntime.engine.workflow.runs import rows as workflow_rows
from floruntime.engine.workflow.runs.old_versions import VERSIONS_KEPT

PAGE = (DOCS / "keyspace.md").read_text()
SECTION = re.compile(r"^### `(..)`\n- key: (.*?)\n- row: (.*?)\n- (?=[A-Z`])", re.M | re.S)
DESCRIBED = {tag.encode(): (key, row) for tag, key, row in SECTION.findall(PAGE)}


def key_text(table: Table[Any]) -> str:
    parts = [f"`{name}` {kind}" for name, kind in table.fields.items()]
    if table.tail is not None:
        parts.append(f"`{table.tail}` tail")
    text = ", ".join(parts) or "(none)"
    if table.cached:
        return f"{text}; cached"
    return f"{text}; warm up to {table.kept_bytes} bytes" if table.kept_bytes else text


def test_every_table_is_described_and_no_other() -> None:
    assert sorted(DESCRIBED) == sorted(RULES.tables)


@pytest.mark.parametrize("tag", sorted(RULES.tables))
def test_keys_are_as_described(tag: bytes) -> None:
    assert DESCRIBED[tag][0] == key_text(RULES.tables[tag])


@pytest.mark.parametrize("tag", sorted(RULES.tables))
def test_rows_are_as_described(tag: bytes) -> None:
    fields = getattr(RULES.tables[tag].row, "__struct_fields__", None)
    if fields is not None:
        assert tuple(re.findall(r"`(\w+)`", DESCRIBED[tag][1])) == fields


def test_each_description_says_who_writes_and_who_deletes() -> None:
    for section in PAGE.split("\n### ")[1:]:
        assert re.search(r"^- Written ", section, re.M), section[:40]
        assert re.search(r"[Dd]eleted", section), section[:40]


def test_the_costs_are_current() -> None:
    assert with_sections(PAGE, sections()) == PAGE, "run `make docs`"


def test_numbers_on_the_page_are_the_constants() -> None:
    for text, number in {
        "at most 1,000 at a time": TIMERS_PER_TICK_MAX,
        "at most 200 a tick": CHILDREN_PER_TICK_MAX,
        "16 consecutive write numbers; 65 slots": (write_memory.BLOCK_WRITES, write_memory.BLOCKS),
        "at most 63 beside": kv_rows.OLDER_VERSIONS_MAX,
        "beyond 110,000 rows": kv_rows.CHANGES_MAX + kv_rows.CHANGES_SLACK,
        "100,000 are always left": kv_rows.CHANGES_MAX,
        "A mark every 128 records": stream_rows.MARK_EVERY,
        "up to 128 one by one": ROW_BY_ROW_MAX,
        "At most 1,000.": limits.GROUP_MEMBERS_MAX,
        "Deleted beyond 10,000": limits.GROUP_DEAD_MAX,
        "neither among the last 20,": VERSIONS_KEPT,
        "most 1,000 rows of it a tick": workflow_retention.ROWS_PER_TICK_MAX,
        "At most 1,000 a run.": limits.SIGNALS_KEPT_MAX,
    }.items():
        numbers = number if isinstance(number, tuple) else (number,)
        assert " ".join(PAGE.split()).count(text), text
        assert [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)] == list(numbers)


VECTORS: list[tuple[bytes, str]] = [
    (machine_row.MACHINE.key(), "6d6d"),
    (kv_rows.KV.key(1, tail=b"ab"), "6b76 0000000000000001 6162"),
    (kv_rows.KV_CHANGE.key(1, 258), "6b63 0000000000000001 0000000000000102"),
    (write_memory.SESSION_BLOCK.key(3, 63), "7362 0000000000000003 3f"),
    (
        timers.TIMER.key(1000, 16, 5, 6),
        "746d 00000000000003e8 10 0000000000000005 0000000000000006",
    ),
    (
        queue_rows.READY_INDEX.key(2, 10, 1000, 7),
        "7172 0000000000000002 000a 00000000000003e8 0000000000000007",
    ),
    (
        stream_rows.RECORD.key(4, 1703350800000, 1),
        "7372 0000000000000004 0000018c979e8e80 0000000000000001",
    ),
    (
        group_rows.PARKED.key(9, 255, 1, 2),
        "676b 0000000000000009 ff" + "0000000000000001" + "0000000000000002",
    ),
    (workflow_rows.WORKFLOW_RUN.key(3, 258), "7772 0000000000000003 0000000000000102"),
    (
        workflow_rows.STEP.key(3, 258, tail=b"start"),
        "7770 0000000000000003 0000000000000102 7374617274",
    ),
    (
        workflow_rows.WORKFLOW_RUN_BY_STATUS.key(5, 7, 258),
        "7773 0000000000000005 07 0000000000000102",
    ),
    (SCHEDULE_DUE.key(1000, 5), "777a 00000000000003e8 0000000000000005"),
]


@pytest.mark.parametrize(("key", "expected"), VECTORS)
def test_keys_lie_where_they_always_lay(key: bytes, expected: str) -> None:
    """Fixed vectors: a change here leaves the data of every server there is unreadable."""
    assert key == bytes.fromhex(expected)
