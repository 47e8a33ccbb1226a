"""The list of metrics, as the contract and the dashboards have it: names, kinds and labels."""

from __future__ import annotations

from scripts.generate_metrics_docs import families

from floruntime.server.metrics.families import STORE_GAUGES

LIST = {
    "flo_info": ("gauge", "version", "durability"),
    "flo_ready": ("gauge",),
    "flo_uptime_seconds": ("gauge",),
    "flo_connections": ("gauge", "door"),
    "flo_held_bytes": ("gauge",),
    "flo_requests": ("counter", "operation", "result"),
    "flo_request_duration_seconds": ("histogram", "operation"),
    "flo_refusals": ("counter", "reason"),
    "flo_received_bytes": ("counter",),
    "flo_sent_bytes": ("counter",),
    "flo_commit_commands": ("histogram",),
    "flo_sync_duration_seconds": ("histogram",),
    "flo_cluster_partitions": ("gauge", "role"),
    "flo_cluster_lag_entries": ("gauge", "partition"),
    "flo_cluster_passed": ("counter",),
    "flo_timers_due": ("gauge",),
    "flo_queue_messages": ("gauge", "namespace", "queue", "state"),
    "flo_queue_oldest_age_seconds": ("gauge", "namespace", "queue"),
    "flo_queue_enqueued_messages": ("counter", "namespace", "queue"),
    "flo_queue_acked_messages": ("counter", "namespace", "queue"),
    "flo_group_lag_records": ("gauge", "namespace", "stream", "group"),
    "flo_group_pending_records": ("gauge", "namespace", "stream", "group"),
    "flo_group_dead_records": ("gauge", "namespace", "stream", "group"),
    "flo_action_runs": ("gauge", "namespace", "action", "status"),
    "flo_workflow_runs": ("gauge", "namespace", "workflow", "status"),
    "flo_workers": ("gauge", "namespace", "state"),
}
"""A dashboard elsewhere asks by these: a name that goes, or a label, is a break."""
ON_DISK = {
    "flo_store_pending_compaction_bytes",
    "flo_store_compactions",
    "flo_store_cache_bytes",
    "flo_store_memtable_bytes",
    "flo_store_files_bytes",
    "flo_store_stopped",
}


def test_the_list_is_as_it_is() -> None:
    shown = {each.name: (each.type, *vars(each).get("_labelnames", ())) for each in families()}
    assert shown == LIST
    assert {name for name, _ in STORE_GAUGES.values()} == ON_DISK


def test_units_are_those_of_prometheus() -> None:
    """Base units, as words at the end; no counter says `total` itself."""
    for name in [*LIST, *ON_DISK]:
        assert not name.endswith(("_total", "_ms", "_milliseconds", "_kb", "_count", "_sum"))
        if LIST.get(name, ("",))[0] == "histogram" and "duration" in name:
            assert name.endswith("_seconds")
