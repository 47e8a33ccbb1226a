"""docs/reference.md: its table of limits is current, and what it says in numbers is so."""

from __future__ import annotations

import re
import tomllib

import msgspec
from scripts.generate_drawings import DRAWING, drawing
from scripts.generate_limits_docs import INTERNAL, MEANINGS, UNITS, constants, sections
from scripts.sections import DOCS, with_sections

from floruntime.client.api.base.leases import REMEMBERED_MAX
from floruntime.client.api.kv.reads import KvReads
from floruntime.core import errors, limits
from floruntime.core.queue import QueueConfig
from floruntime.core.stream import GroupInfo
from floruntime.core.system import BatchCommand
from floruntime.core.token import Role
from floruntime.core.workflow import WorkflowStatus
from floruntime.engine.kv import keys as kv
from floruntime.engine.kv import rows as kv_rows
from floruntime.engine.stream.group.key_shared import SLOT_COUNT
from floruntime.engine.stream.group.rows import Mode
from floruntime.engine.workflow.language.outcomes import (
    EXECUTION_FAILURE,
    EXHAUSTED,
    FAILURE,
    SUCCESS,
    TARGET_DISABLED,
    TARGET_NOT_FOUND,
    TIMEOUT,
)
from floruntime.engine.workflow.runs.advance import EVENTS_MAX, HOPS_MAX
from floruntime.engine.workflow.runs.old_versions import VERSIONS_KEPT
from floruntime.engine.workflow.steps.children import DEPTH_MAX
from floruntime.server import limits as server_limits
from floruntime.server.access import jwks
from floruntime.server.access.jwt_tokens import LEEWAY_S
from floruntime.server.clock import CORRECTION_MS_PER_CALL_MAX
from floruntime.server.commit.durability import Durability
from floruntime.server.commit.local_journal import ASYNC_SYNC_MS
from floruntime.server.config import JWT_SECRET_BYTES_MIN, Config
from floruntime.server.connections.client_memory import SESSION_KEPT_MS
from floruntime.server.data.disk import LOOK_S_MAX
from floruntime.server.run import EXIT_STORE_FAILED

PAGE = (DOCS / "reference.md").read_text()
TEXT = " ".join(PAGE.split())
HOUR_MS = 3600 * 1000


def test_the_table_of_limits_is_current() -> None:
    assert with_sections(PAGE, sections()) == PAGE, "run `make docs`"


def test_each_limit_has_a_meaning_and_each_meaning_a_limit() -> None:
    from floruntime.server import limits as server_limits

    known = constants(limits).keys() | constants(server_limits).keys()
    assert known == MEANINGS.keys() | INTERNAL | UNITS


def test_numbers_are_the_constants() -> None:
    defaults, group = QueueConfig(), GroupInfo("", "", [], 0, 0, None)
    for sentence, holds in {
        "last 64 versions": limits.HISTORY_LIMIT_MAX == 64,
        "keeps its last 100,000 changes, for 24 hours": (
            (kv_rows.CHANGES_MAX, kv_rows.FORGET_AFTER_MS) == (100_000, 24 * HOUR_MS)
        ),
        "looks at 10,000 rows": kv.SCANNED_ROWS_MAX == 10_000,
        "(0 to 65,535, default 10)": limits.PRIORITY_MAX == 65_535,
        "`done` both times, for five minutes": (limits.SETTLED_MS == 300_000),
        "(the last 100,000)": REMEMBERED_MAX == 100_000,
        "deliveries in total (default 5)": defaults.max_attempts == 5,
        "Beyond `dlq_limit` (10,000)": defaults.dlq_limit == 10_000,
        "within the window (five minutes,": defaults.dedup_window_ms == 300_000,
        "(1 to 256, fixed by `create`)": limits.PARTITIONS_MAX == 256,
        "deliveries (default 10)": group.max_deliver == 10,
        "The last 10,000 are kept": limits.GROUP_DEAD_MAX == 10_000,
        "fall into 256 slots": SLOT_COUNT == 256,
        "leaves them there, up to 10,000 records": limits.GROUP_PARKED_MAX == 10_000,
        "Up to 1,000 writes": limits.BATCH_COMMANDS_MAX == 1000,
        "kept for it, up to 1,000 a run": limits.SIGNALS_KEPT_MAX == 1000,
        "until 24 hours after that ended": limits.IDEMPOTENCY_MS == 24 * HOUR_MS,
        "Workflows run workflows 32 deep": DEPTH_MAX == 32,
        "The last 20 are kept": VERSIONS_KEPT == 20,
        "256 steps without waiting": HOPS_MAX == 256,
        "has 100,000 events": EVENTS_MAX == 100_000,
        "kept for 30 days after it ended": (limits.RUN_RETENTION_MS_DEFAULT == 30 * 24 * HOUR_MS),
        "last 1,024 writes for ten minutes": (
            (limits.SESSION_WRITES_MAX, limits.SESSION_AGE_MS_MAX) == (1024, SESSION_KEPT_MS)
        ),
        "at most 5 ms a second": CORRECTION_MS_PER_CALL_MAX == 5,
        "the last 0.1 s": ASYNC_SYNC_MS == 100,
        "of free space (256 MiB)": Config().disk_low_bytes == 256 * limits.MIB,
        "It looks once a second": LOOK_S_MAX == 1,
        "70 if the store failed": EXIT_STORE_FAILED == 70,
        "After 20 bad tokens from one address": server_limits.BAD_TOKENS_MAX == 20,
        "by another second, up to 4 seconds": server_limits.BAD_TOKEN_MS_MAX == 4_000,
        "A handshake of TLS has ten seconds": server_limits.HANDSHAKE_MS_MAX == 10_000,
        "HS256, at least 32 bytes": JWT_SECRET_BYTES_MIN == 32,
        "Clocks may be 10 seconds apart": LEEWAY_S == 10,
        "(every 10 seconds at most), when they are an hour old": (
            (jwks.INTERVAL_S_MIN, jwks.AGE_S_MAX) == (10, 3_600)
        ),
    }.items():
        assert sentence in TEXT
        assert holds, sentence


def test_the_settings_are_all_there_with_their_defaults() -> None:
    [block] = re.findall(r"^```toml\n(.*?)^```", PAGE.split("\n## Settings\n")[1], re.M | re.S)
    assert tomllib.loads(block) == msgspec.to_builtins(Config())


def test_every_error_and_every_mode_is_explained() -> None:
    table = PAGE.split("## Errors, and what to do")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+Error)`", table)) - {"FloError"}
    later = {"NonRetryableError"}  # of handlers, which are not there yet
    assert named | later == {kind.__name__ for kind in errors.FloError.__subclasses__()}
    modes = PAGE.split("\n| mode | a record goes to |")[1].split("\n\n")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", modes, re.M)) == tuple(Mode)
    durability = PAGE.split("## Durability")[1].split("\n\n")[1]
    assert re.findall(r"^\| `(\w+)`", durability, re.M) == [each.value for each in Durability]


def test_what_each_role_may_is_told() -> None:
    table = PAGE.split("\n| role | may |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.M) == list(Role)
    [web] = [row for row in table.splitlines() if row.startswith("| `web`")]
    assert set(re.findall(r"`(\w+)`", web.partition("KV")[2])) == {
        name for name in dir(KvReads) if not name.startswith("_")
    }


def test_the_drawing_is_current() -> None:
    assert DRAWING.read_text(encoding="utf-8") == drawing(), "run `make docs`"
    assert f"({DRAWING.name})" in PAGE


def test_every_status_and_every_outcome_of_the_engine_is_explained() -> None:
    chapter = PAGE.split("\n## Workflows\n")[1].split("\n## ")[0]
    statuses = chapter.split("| status | the run |")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", statuses)) >= {*WorkflowStatus}
    table = chapter.split("| outcome | of |")[1].split("\n\n")[0]
    for name in (SUCCESS, FAILURE, TIMEOUT, EXHAUSTED, EXECUTION_FAILURE):
        assert f"| `{name}`" in table
    assert f"| `{TARGET_NOT_FOUND}`, `{TARGET_DISABLED}` |" in table


def test_what_batches_leave_out() -> None:
    kinds = {kind.__name__ for kind in BatchCommand.__args__}
    assert not {"QueueDequeue", "GroupRead"} & kinds
    assert "`dequeue` and `group_read` cannot be part of it" in TEXT


def test_the_table_of_contents_is_complete() -> None:
    titles = re.findall(r"^## (.*)", PAGE, re.M)
    links = re.findall(r"\(#([\w-]+)\)", PAGE.split("\n## ")[0])
    anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
    assert links == anchors
