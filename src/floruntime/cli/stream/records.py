"""How records of a stream are shown."""

from __future__ import annotations

from floruntime.cli.base.output import Output, at, cell, rows_of
from floruntime.core.stream import ReadResult, StreamRecord


def show_records(out: Output, result: ReadResult) -> None:
    """Records as read without a group."""
    out.table(
        result,
        ["id", "partition", "offset", "time", "key", "headers", "payload"],
        rows_of(
            result.records,
            lambda each: each.id,
            lambda each: each.partition,
            lambda each: each.offset,
            lambda each: at(each.timestamp_ms),
            lambda each: each.partition_key,
            headers_text,
            lambda each: each.payload,
        ),
    )


def show_deliveries(out: Output, result: ReadResult) -> None:
    """Records as a group hands them out."""
    out.table(
        result,
        ["id", "lease", "attempt", "partition", "key", "headers", "payload"],
        rows_of(
            result.records,
            lambda each: each.id,
            lambda each: each.lease,
            lambda each: each.attempt,
            lambda each: each.partition,
            lambda each: each.partition_key,
            headers_text,
            lambda each: each.payload,
        ),
    )


def headers_text(record: StreamRecord) -> str | None:
    """Headers on one line."""
    pairs = [f"{name}={value}" for name, value in record.headers.items()]
    return cell(" ".join(pairs)) if pairs else None
