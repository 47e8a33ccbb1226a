"""The options of that SDK: dataclasses, given as the last argument of a call.

`None` means that an option is not given. `keywords` returns the keyword arguments for our call.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from floruntime.core.stream import StreamID


@dataclass(frozen=True)
class Options:
    """The options of every call."""

    namespace: str | None = None
    """By default the client's own."""

    _renamed: ClassVar[dict[str, str]] = {}
    """Options that our calls name differently."""

    def keywords(self) -> dict[str, Any]:
        """The options that are given, under our names."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            self._renamed.get(name, name): value
            for name, value in given.items()
            if value is not None
        }


def keywords(options: Options | None, kind: type[Options]) -> dict[str, Any]:
    """Return the options of a call. Raises `TypeError` if they belong to another call."""
    if options is None:
        return {}
    if not isinstance(options, kind):
        raise TypeError(f"options must be {kind.__name__}, not {type(options).__name__}")
    return options.keywords()


# Keys


@dataclass(frozen=True)
class GetOptions(Options):
    """Of `kv.get`."""

    block_ms: int | None = None


@dataclass(frozen=True)
class PutOptions(Options):
    """Of `kv.put`."""

    ttl_seconds: float | None = None
    cas_version: int | None = None
    if_not_exists: bool | None = None
    if_exists: bool | None = None
    ttl_ms: int | None = None


@dataclass(frozen=True)
class DeleteOptions(Options):
    """Of `kv.delete`."""

    if_match: int | None = None
    _renamed: ClassVar[dict[str, str]] = {"if_match": "cas_version"}


@dataclass(frozen=True)
class KVTouchOptions(DeleteOptions):
    """Of `kv.touch` and `kv.persist`."""


@dataclass(frozen=True)
class ScanOptions(Options):
    """Of `kv.scan`."""

    cursor: bytes | None = None
    limit: int | None = None
    keys_only: bool | None = None


@dataclass(frozen=True)
class HistoryOptions(Options):
    """Of `kv.history`."""

    limit: int | None = None


@dataclass(frozen=True)
class KVIncrOptions(Options):
    """Of `kv.incr`."""

    delta: int | None = None


@dataclass(frozen=True)
class KVExistsOptions(Options):
    """Of `kv.exists`."""


@dataclass(frozen=True)
class KVJsonOptions(Options):
    """Of `kv.json_get`, `kv.json_set` and `kv.json_del`."""


@dataclass(frozen=True)
class KVMGetOptions(Options):
    """Of `kv.mget`."""


# Queues


@dataclass(frozen=True)
class EnqueueOptions(Options):
    """Of `queue.enqueue`."""

    priority: int | None = None
    delay_ms: int | None = None
    dedup_key: str | None = None


@dataclass(frozen=True)
class DequeueOptions(Options):
    """Of `queue.dequeue`."""

    visibility_timeout_ms: int | None = None
    block_ms: int | None = None


@dataclass(frozen=True)
class AckOptions(Options):
    """Of `queue.ack`."""


@dataclass(frozen=True)
class NackOptions(Options):
    """Of `queue.nack`."""

    to_dlq: bool | None = None


@dataclass(frozen=True)
class DlqListOptions(Options):
    """Of `queue.dlq_list`."""

    limit: int | None = None


@dataclass(frozen=True)
class DlqRequeueOptions(Options):
    """Of `queue.dlq_requeue`."""


@dataclass(frozen=True)
class PeekOptions(Options):
    """Of `queue.peek`."""


@dataclass(frozen=True)
class TouchOptions(Options):
    """Of `queue.touch`."""

    extend_ms: int | None = None


# Streams


@dataclass(frozen=True)
class StreamAppendOptions(Options):
    """Of `stream.append`."""

    headers: dict[str, str] | None = None
    partition_key: str | None = None
    partition: int | None = None


@dataclass(frozen=True)
class StreamReadOptions(Options):
    """Of `stream.read`."""

    start: StreamID | None = None
    end: StreamID | None = None
    tail: bool | None = None
    partition: int | None = None
    count: int | None = None
    block_ms: int | None = None
    _renamed: ClassVar[dict[str, str]] = {"count": "limit"}


@dataclass(frozen=True)
class StreamTrimOptions(Options):
    """Of `stream.trim`."""

    max_len: int | None = None
    max_age_seconds: int | None = None
    max_bytes: int | None = None
    dry_run: bool | None = None
    _renamed: ClassVar[dict[str, str]] = {"max_len": "max_records"}

    def keywords(self) -> dict[str, Any]:
        """As for all options, with the age in milliseconds."""
        given = super().keywords()
        seconds = given.pop("max_age_seconds", None)
        return given if seconds is None else {**given, "max_age_ms": seconds * 1_000}


@dataclass(frozen=True)
class StreamInfoOptions(Options):
    """Of `stream.info`."""


@dataclass(frozen=True)
class StreamGroupJoinOptions(Options):
    """Of `stream.group_join` and `stream.group_leave`."""


@dataclass(frozen=True)
class StreamGroupReadOptions(Options):
    """Of `stream.group_read`."""

    count: int | None = None
    block_ms: int | None = None
    _renamed: ClassVar[dict[str, str]] = {"count": "limit"}


@dataclass(frozen=True)
class StreamGroupAckOptions(Options):
    """Of `stream.group_ack`."""

    consumer: str | None = None


@dataclass(frozen=True)
class StreamGroupNackOptions(Options):
    """Of `stream.group_nack`."""

    consumer: str | None = None
    redelivery_delay_ms: int | None = None
    _renamed: ClassVar[dict[str, str]] = {"redelivery_delay_ms": "delay_ms"}


# Actions and workers


@dataclass(frozen=True)
class ActionRegisterOptions(Options):
    """Of `action.register`."""

    timeout_ms: int | None = None
    max_retries: int | None = None
    description: str | None = None
    retry_delay_ms: int | None = None


@dataclass(frozen=True)
class ActionInvokeOptions(Options):
    """Of `action.invoke`."""

    priority: int | None = None
    idempotency_key: str | None = None
    delay_ms: int | None = None
    labels: dict[str, str] | None = None


@dataclass(frozen=True)
class ActionStatusOptions(Options):
    """Of `action.status`."""


@dataclass(frozen=True)
class ActionListOptions(Options):
    """Of `action.list`."""

    limit: int | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class ActionDeleteOptions(Options):
    """Of `action.delete`."""


@dataclass(frozen=True)
class WorkerRegisterOptions(Options):
    """Of `worker.register`."""

    concurrency: int | None = None
    machine_id: str | None = None
    metadata: str | None = None

    def keywords(self) -> dict[str, Any]:
        """As for all options, with the facts about the worker as its metadata, by name."""
        given = super().keywords()
        told = {"machine_id": given.pop("machine_id", None), "text": given.pop("metadata", None)}
        named = {name: text for name, text in told.items() if text is not None}
        return {**given, "metadata": named} if named else given


@dataclass(frozen=True)
class WorkerAwaitOptions(Options):
    """Of `worker.await_task`."""

    block_ms: int | None = None
    timeout_ms: int | None = None


@dataclass(frozen=True)
class WorkerTouchOptions(Options):
    """Of `worker.touch`."""

    extend_ms: int | None = None


@dataclass(frozen=True)
class WorkerCompleteOptions(Options):
    """Of `worker.complete`."""

    outcome: str | None = None


@dataclass(frozen=True)
class WorkerFailOptions(Options):
    """Of `worker.fail`."""

    retry: bool | None = None


@dataclass(frozen=True)
class WorkerListOptions(Options):
    """Of `worker.list`."""

    limit: int | None = None


# Workflows


@dataclass(frozen=True)
class WorkflowCreateOptions(Options):
    """Of `workflow.create`."""


@dataclass(frozen=True)
class WorkflowGetDefinitionOptions(Options):
    """Of `workflow.get_definition`."""

    version: str | None = None


@dataclass(frozen=True)
class WorkflowStartOptions(Options):
    """Of `workflow.start`."""

    idempotency_key: str | None = None
    run_id: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class WorkflowStatusOptions(Options):
    """Of `workflow.status`."""


@dataclass(frozen=True)
class WorkflowSignalOptions(Options):
    """Of `workflow.signal`."""


@dataclass(frozen=True)
class WorkflowCancelOptions(Options):
    """Of `workflow.cancel`."""


@dataclass(frozen=True)
class WorkflowHistoryOptions(Options):
    """Of `workflow.history`."""

    limit: int | None = None


@dataclass(frozen=True)
class WorkflowListRunsOptions(Options):
    """Of `workflow.list_runs`."""

    workflow_name: str | None = None
    status_filter: str | None = None
    cursor: str | None = None
    limit: int | None = None
    _renamed: ClassVar[dict[str, str]] = {"status_filter": "status"}


@dataclass(frozen=True)
class WorkflowListDefinitionsOptions(Options):
    """Of `workflow.list_definitions`."""

    limit: int | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class WorkflowDisableOptions(Options):
    """Of `workflow.disable`."""


@dataclass(frozen=True)
class WorkflowEnableOptions(Options):
    """Of `workflow.enable`."""


@dataclass(frozen=True)
class WorkflowSyncOptions(Options):
    """Of `workflow.sync`, `workflow.sync_bytes` and `workflow.sync_dir`."""
