"""The families of metrics in a scrape, made from the counters and from what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from floruntime.core.operation_names import operation_of
from floruntime.core.system import TIMERS_PER_TICK_MAX
from floruntime.core.version import VERSION
from floruntime.engine.system import timers
from floruntime.server.metrics.copies import Copy
from floruntime.server.metrics.counts import Counts, Histogram, Refusal
from floruntime.server.metrics.together import together
from floruntime.server.metrics.waiting import At, Labels, Look, Waiting, by_status
from floruntime.server.server import FloServer

_QUEUE = ("namespace", "queue")
_STATES = ("ready", "delayed", "leased", "waiting", "dead")
_GROUP = ("namespace", "stream", "group")
STORE_GAUGES = {
    "rocksdb.estimate-pending-compaction-bytes": (
        "flo_store_pending_compaction_bytes",
        "Bytes that compaction has yet to rewrite.",
    ),
    "rocksdb.num-running-compactions": ("flo_store_compactions", "Compactions under way."),
    "rocksdb.block-cache-usage": ("flo_store_cache_bytes", "Bytes in the cache of blocks."),
    "rocksdb.cur-size-all-mem-tables": ("flo_store_memtable_bytes", "Bytes in tables in memory."),
    "rocksdb.total-sst-files-size": ("flo_store_files_bytes", "Bytes in the files of the store."),
    "rocksdb.is-write-stopped": ("flo_store_stopped", "1 while the store takes no writes."),
}
"""Of each property of RocksDB: the name of its gauge, and what it says."""


class Shown(Collector):
    """What a scrape shows. Collecting is making text of numbers: nothing is looked for."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self._families


def registry_of(families: Iterable[Metric]) -> CollectorRegistry:
    """A registry with these families, and the memory and files of the process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Shown(families))
    ProcessCollector(registry=registry)
    return registry


async def families_now(server: FloServer) -> Iterable[Metric]:
    """Everything, as it is now. What is told by name is thousands of samples: they are made as one
    takes them, which may be in a thread.
    """
    families = [
        *_server(server),
        *_requests(server.counts),
        *_store(server),
        *_cluster(server.copies(), server.passed_total),
    ]
    looks = server.looks()
    if not looks:
        return families
    families.append(_timers(looks))
    # Half of what there is would be an alarm: what has not been counted yet is not told.
    several = [await Look(*each).waiting() for each in looks if each.tally.is_loaded]
    if not several:
        return families
    waiting = await together(several)
    return chain(families, _queues(waiting), _groups(waiting), _runs(waiting))


def _server(server: FloServer) -> Iterator[Metric]:
    info = GaugeMetricFamily("flo_info", "The server.", labels=("version", "durability"))
    info.add_metric((VERSION, server.config.durability.value), 1)
    yield info
    is_ready = not server.reasons_not_ready()
    yield _gauge("flo_ready", "1 while the server takes work.", int(is_ready))
    yield _gauge("flo_uptime_seconds", "Time since the start.", server.info().uptime_ms / 1000)
    doors = Counter(each.peer.door.value for each in server.conversations)
    yield _labelled("flo_connections", "Open connections.", ("door",), _each(doors))
    held = server.load.held_bytes
    yield _gauge("flo_held_bytes", "Bytes of requests that are not answered yet.", held)
    free = server.storage.free_bytes()
    if free is not None:
        yield _gauge("flo_disk_free_bytes", "Free space where the data lies.", free)
        low = server.config.disk_low_bytes
        yield _gauge("flo_disk_low_bytes", "Below this growth is refused.", low)


def _requests(counts: Counts) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "flo_requests", "Requests by how they were answered.", labels=("operation", "result")
    )
    durations = HistogramMetricFamily(
        "flo_request_duration_seconds",
        "Time to the answer, waits (block_ms) included; of more than 500 a second, of a sample.",
        labels=("operation",),
    )
    counts.count()
    for kind, count in list(counts.answered.items()):
        requests.add_metric((operation_of(kind), "ok"), count)
    for kind, took in list(counts.durations.items()):
        durations.add_metric((operation_of(kind),), took.buckets(), took.sum)
    for (kind, code), count in list(counts.failed.items()):
        requests.add_metric((operation_of(kind), code), count)
    yield requests
    yield durations
    refusals = CounterMetricFamily(
        "flo_refusals", "What was refused before it was asked, by reason.", labels=("reason",)
    )
    for reason in Refusal:
        refusals.add_metric((reason.value,), counts.refusals[reason])
    yield refusals
    received_bytes, sent_bytes = counts.moved_bytes()
    yield _counter("flo_received_bytes", "Bytes that came on sockets.", received_bytes)
    yield _counter("flo_sent_bytes", "Bytes that went out on sockets.", sent_bytes)
    yield _histogram(
        "flo_commit_commands",
        "Commands that were answered by one commit.",
        counts.commit_commands,
    )
    yield _histogram("flo_sync_duration_seconds", "Time of each sync of the store.", counts.sync_s)


def _store(server: FloServer) -> Iterator[Metric]:
    for name, value in server.storage.properties(STORE_GAUGES).items():
        yield _gauge(*STORE_GAUGES[name], value)


def _cluster(copies: list[Copy], passed_total: int) -> Iterator[Metric]:
    if not copies:
        return
    roles = Counter("leader" if each.is_led_here else "keeper" for each in copies)
    yield _labelled(
        "flo_cluster_partitions", "Partitions of this node, by role.", ("role",), _each(roles)
    )
    yield _labelled(
        "flo_cluster_lag_entries",
        "Messages of the log that this node's copy of a partition lacks.",
        ("partition",),
        (((each.partition,), each.lag_entries) for each in copies),
    )
    yield _counter(
        "flo_cluster_passed", "Requests that were passed on to a node that leads.", passed_total
    )


def _queues(waiting: Waiting) -> Iterator[Metric]:
    messages = GaugeMetricFamily(
        "flo_queue_messages",
        "Messages of a queue, by state; waiting: for others of their group.",
        labels=(*_QUEUE, "state"),
    )
    ages = GaugeMetricFamily(
        "flo_queue_oldest_age_seconds", "Age of the oldest message that is not dead.", labels=_QUEUE
    )
    enqueued = CounterMetricFamily(
        "flo_queue_enqueued_messages", "Messages that were enqueued.", labels=_QUEUE
    )
    acked = CounterMetricFamily(
        "flo_queue_acked_messages", "Messages that were acked.", labels=_QUEUE
    )
    for queue in waiting.queues:
        counts = queue.counts
        for state in _STATES:
            messages.add_metric((*queue.labels, state), getattr(counts, state))
        ages.add_metric(queue.labels, queue.oldest_age_ms / 1000)
        enqueued.add_metric(queue.labels, counts.enqueued_total)
        acked.add_metric(queue.labels, counts.acked_total)
    yield from (messages, ages, enqueued, acked)


def _groups(waiting: Waiting) -> Iterator[Metric]:
    yield _labelled(
        "flo_group_lag_records",
        "Records that a group was never given.",
        _GROUP,
        ((each.labels, each.lag) for each in waiting.groups),
    )
    yield _labelled(
        "flo_group_pending_records",
        "Records that a group was given and has not settled.",
        _GROUP,
        ((each.labels, each.pending) for each in waiting.groups),
    )
    yield _labelled(
        "flo_group_dead_records",
        "Dead letters of a group.",
        _GROUP,
        ((each.labels, each.dead) for each in waiting.groups),
    )


def _runs(waiting: Waiting) -> Iterator[Metric]:
    yield _labelled(
        "flo_action_runs",
        "Runs of an action that are kept, by status.",
        ("namespace", "action", "status"),
        by_status(waiting.actions),
    )
    yield _labelled(
        "flo_workflow_runs",
        "Runs of a workflow that are kept, by status.",
        ("namespace", "workflow", "status"),
        by_status(waiting.workflows),
    )
    yield _labelled(
        "flo_workers", "Workers, by state.", ("namespace", "state"), waiting.workers.items()
    )


def _timers(looks: list[At]) -> Metric:
    dues = (timers.count_due(each.view, each.now_ms, TIMERS_PER_TICK_MAX) for each in looks)
    count = min(sum(dues), TIMERS_PER_TICK_MAX)
    return _gauge("flo_timers_due", "Deadlines that have passed and wait, 1,000 at most.", count)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, buckets=histogram.buckets(), sum_value=histogram.sum)


def _labelled(
    name: str, text: str, labels: Labels, values: Iterable[tuple[Labels, float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for each, value in values:
        family.add_metric(each, value)
    return family


def _each(counts: Counter[str]) -> Iterator[tuple[Labels, int]]:
    for name, count in sorted(counts.items()):
        yield (name,), count
