"""`flo top`: what waits, rates and workers, live, from what `/metrics` shows."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from floruntime.cli.base.errors import USAGE, Failure
from floruntime.cli.base.output import Output
from floruntime.cli.base.run import Settings
from floruntime.cli.base.terminal import is_terminal
from floruntime.cli.base.words import counted
from floruntime.client.link.endpoint import TcpEndpoint, parse_endpoints
from floruntime.client.link.reasons import reason_of
from floruntime.core.duration_text import lasting
from floruntime.core.errors import ConnectionFailedError, ForbiddenError, UnauthorizedError
from floruntime.core.printable import printable

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

ROWS_MAX = 10
"""So many of each kind are shown, the largest first."""
_CLEAR = "\x1b[H\x1b[2J"
_REFUSALS = {401: UnauthorizedError, 403: ForbiddenError}


class Snapshot(NamedTuple):
    """The samples of one scrape, by name, and when they were taken."""

    samples: dict[str, list[Sample]]
    at_s: float

    def of(self, name: str) -> list[Sample]:
        """The samples of one name."""
        return self.samples.get(name, [])

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels."""
        return sum(
            each.value
            for each in self.of(name)
            if all(each.labels.get(label) == value for label, value in labels.items())
        )


async def show_top(settings: Settings, out: Output, interval_s: float, count: int | None) -> None:
    """Show it every `interval_s`, `count` times; `None`: until it is interrupted."""
    before: Snapshot | None = None
    shown = 0
    while True:
        now = await asyncio.to_thread(scrape, settings)
        document = described(now, before)
        lines = "\n".join(_lines(document))
        out.show(document, f"{_CLEAR if is_terminal(sys.stdout) and count != 1 else ''}{lines}")
        before = now
        shown += 1
        if shown == count:
            return
        await asyncio.sleep(interval_s)


def scrape(settings: Settings) -> Snapshot:
    """Ask for `/metrics`. Raises what there is to be told of it."""
    from prometheus_client.parser import text_string_to_metric_families

    text = _fetch(settings)
    samples: defaultdict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name].append(sample)
    return Snapshot(dict(samples), monotonic())


def _fetch(settings: Settings) -> str:
    endpoint = _asked(settings.host)
    connection = _connection(endpoint, settings.tls.context(), settings.timeout_ms / 1000)
    headers = {} if settings.token is None else {"Authorization": f"Bearer {settings.token}"}
    try:
        connection.request("GET", "/metrics", headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
    except OSError as error:
        raise ConnectionFailedError(
            f"cannot connect to {settings.host}: {reason_of(error)}"
        ) from None
    except HTTPException as error:
        raise ConnectionFailedError(
            f"cannot read metrics from {settings.host}: {str(error) or type(error).__name__}"
        ) from None
    finally:
        connection.close()
    if response.status in _REFUSALS:
        raise _REFUSALS[response.status](
            "/metrics needs an admin's token, another token for all namespaces, or metrics_token"
        )
    if response.status != 200:
        raise Failure(f"{settings.host} answers {response.status} to a request for /metrics")
    return body


def _asked(host: str) -> TcpEndpoint:
    endpoints = parse_endpoints(host)
    if not isinstance(endpoints, list) or len(endpoints) > 1:
        raise Failure(
            "flo top asks one server over HTTP; give its address as HOST:PORT", exit_code=USAGE
        )
    return endpoints[0]


def _connection(
    endpoint: TcpEndpoint, context: ssl.SSLContext | None, timeout_s: float
) -> HTTPConnection:
    if context is None:
        return HTTPConnection(endpoint.host, endpoint.port, timeout=timeout_s)
    return HTTPSConnection(endpoint.host, endpoint.port, timeout=timeout_s, context=context)


# What is shown


def described(now: Snapshot, before: Snapshot | None) -> dict[str, Any]:
    """What waits, and rates since `before`."""
    return {
        "ready": now.total("flo_ready") == 1,
        "connections": int(now.total("flo_connections")),
        "memory_bytes": int(now.total("process_resident_memory_bytes")),
        "requests_per_second": _rate(now, before, "flo_requests_total"),
        "refused_per_second": _rate(now, before, "flo_refusals_total"),
        "timers_due": int(now.total("flo_timers_due")),
        "workers": _workers(now),
        "operations": _operations(now, before),
        "queues": _queues(now),
        "groups": _groups(now),
        "actions": _runs(now, "action"),
        "workflows": _runs(now, "workflow"),
    }


def _rate(now: Snapshot, before: Snapshot | None, name: str, **labels: str) -> float | None:
    if before is None:
        return None
    seconds = max(now.at_s - before.at_s, 0.001)
    return round(max(0.0, now.total(name, **labels) - before.total(name, **labels)) / seconds, 1)


def _workers(now: Snapshot) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for sample in now.of("flo_workers"):
        counts[sample.labels["state"]] += int(sample.value)
    return dict(counts)


def _operations(now: Snapshot, before: Snapshot | None) -> list[dict[str, Any]]:
    names = {sample.labels["operation"] for sample in now.of("flo_requests_total")}
    rows = [
        {
            "operation": name,
            "total": int(now.total("flo_requests_total", operation=name)),
            "per_second": _rate(now, before, "flo_requests_total", operation=name),
        }
        for name in sorted(names)
    ]
    return _largest(rows, "total" if before is None else "per_second")


def _queues(now: Snapshot) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for sample in now.of("flo_queue_messages"):
        place = (sample.labels["namespace"], sample.labels["queue"])
        row = rows.setdefault(place, {"namespace": place[0], "queue": place[1]})
        row[sample.labels["state"]] = int(sample.value)
    for sample in now.of("flo_queue_oldest_age_seconds"):
        place = (sample.labels["namespace"], sample.labels["queue"])
        rows[place]["oldest_age_ms"] = round(sample.value * 1000)
    return _largest(list(rows.values()), "ready")


def _groups(now: Snapshot) -> list[dict[str, Any]]:
    rows = [
        {**sample.labels, "lag": int(sample.value)} for sample in now.of("flo_group_lag_records")
    ]
    return _largest(rows, "lag")


def _runs(now: Snapshot, kind: str) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for sample in now.of(f"flo_{kind}_runs"):
        place = (sample.labels["namespace"], sample.labels[kind])
        row = rows.setdefault(place, {"namespace": place[0], kind: place[1]})
        row[sample.labels["status"]] = int(sample.value)
    return _largest(list(rows.values()), "pending")


def _largest(rows: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row.get(by) or 0, reverse=True)[:ROWS_MAX]


# For people


_TABLES: dict[str, tuple[str, ...]] = {
    "queues": (
        *("namespace", "queue", "ready", "waiting", "delayed", "leased", "dead"),
        "oldest_age_ms",
    ),
    "groups": ("namespace", "stream", "group", "lag"),
    "actions": ("namespace", "action", "pending", "running", "failed"),
    "workflows": ("namespace", "workflow", "pending", "running", "waiting", "failed"),
}


def _lines(document: dict[str, Any]) -> Iterator[str]:
    state = "ready" if document["ready"] else "NOT READY"
    memory = document["memory_bytes"] // (1024 * 1024)
    connections = counted(document["connections"], "connection")
    yield f"{state}, {connections}, {memory} MiB"
    if document["requests_per_second"] is not None:
        yield (
            f"{document['requests_per_second']:g} requests/s, "
            f"{document['refused_per_second']:g} refused/s"
        )
    states = ", ".join(f"{count} {state}" for state, count in document["workers"].items())
    yield f"workers: {states or 'none'}; deadlines that wait: {document['timers_due']}"
    yield from _table("operations", document["operations"], ("operation", "total", "per_second"))
    for title, columns in _TABLES.items():
        yield from _table(title, document[title], columns)


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Iterator[str]:
    if not rows:
        return
    heads = [column.removesuffix("_ms").replace("_", " ") for column in columns]
    cells = [[_cell(column, row.get(column, 0)) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    yield ""
    yield title.upper()
    for line in [heads, *cells]:
        yield _line(line, widths)


def _line(cells: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cell(column: str, value: Any) -> str:
    if column.endswith("_ms"):
        return lasting(int(value))
    if isinstance(value, float):
        return f"{value:g}"
    if value is None:
        return "-"
    if value == "" and column in ("namespace", "queue", "stream", "group", "action", "workflow"):
        return "(rest)"
    return printable(str(value))
