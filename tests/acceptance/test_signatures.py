"""The page of the API as tables: names, order, defaults, fields. Ours may have more, by keyword."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import floruntime
from floruntime import FloClient, web

METHODS = {
    "kv": """
        get(key, *, block_ms=0)
        entry(key)
        put(key, value, *, ttl_ms=None, ttl_seconds=None, cas_version=None, if_not_exists=False,
            if_exists=False)
        delete(key, *, cas_version=None)
        scan(prefix="", *, limit=100, cursor=None, keys_only=False)
        iterate(prefix="")
        history(key, *, limit=10)
        mget(keys)
        incr(key, delta=1)
        touch(key, *, ttl_ms=None, ttl_seconds=None, cas_version=None)
        persist(key, *, cas_version=None)
        exists(key)
        json_get(key, path="$")
        json_set(key, path, value)
        json_del(key, path="$")
        watch(key, *, prefix=False, from_version=None)
    """,
    "queue": """
        enqueue(queue, payload, *, priority=10, delay_ms=0, dedup_key=None)
        enqueue_many(queue, payloads, *, priority=10, delay_ms=0)
        dequeue(queue, count=1, *, visibility_timeout_ms=30_000, block_ms=0, ack_mode="explicit")
        ack(queue, seqs)
        nack(queue, seqs, *, to_dlq=False, delay_ms=0, release=False, error=None)
        touch(queue, seqs, *, extend_ms=30_000)
        peek(queue, count=1)
        dlq_list(queue, *, limit=100, cursor=None)
        dlq_requeue(queue, seqs)
        dlq_delete(queue, seqs)
        dlq_purge(queue)
        purge(queue)
        bulk(queue, operation, *, reason=None, error_contains=None, limit=None, dry_run=False)
        pause(queue)
        resume(queue)
        promote(queue, seqs)
        configure(queue, *, max_attempts=5, retry_delay_ms=0, dlq_limit=10_000,
            dedup_window_ms=300_000)
        stats(queue)
        list(*, limit=100, cursor=None)
        delete(queue)
    """,
    "stream": """
        append(stream, payload, *, partition_key=None, partition=None, headers=None)
        append_many(stream, payloads, *, partition_key=None, partition=None)
        read(stream, *, start=None, end=None, after=None, offset=None, tail=False, limit=10,
            partition=None, partition_key=None, block_ms=0)
        subscribe(stream, callback, *, start="$", partition=None)
        follow(stream, *, start="$", partition=None)
        create(stream, *, partitions=1, max_age_ms=None, max_records=None, max_bytes=None)
        info(stream)
        list(*, limit=100, cursor=None)
        trim(stream, *, max_records=None, before=None, max_age_ms=None, max_bytes=None,
            dry_run=False)
        delete(stream, *, force=False)
        group_create(stream, group, *, start="0", mode="shared", ack_timeout_ms=30_000,
            max_deliver=10, consumer_timeout_ms=30_000)
        group_join(stream, group, consumer)
        group_leave(stream, group, consumer)
        group_delete(stream, group)
        group_seek(stream, group, *, start)
        group_info(stream, group)
        group_list(stream, *, limit=100, cursor=None)
        group_read(stream, *, group, consumer, limit=10, block_ms=0, no_ack=False)
        group_ack(stream, ids, *, group, consumer=None)
        group_nack(stream, ids, *, group, consumer=None, delay_ms=0, error=None)
        group_touch(stream, ids, *, group, consumer=None, extend_ms=30_000)
        group_pending(stream, group, *, consumer=None, limit=100, cursor=None)
        group_dead(stream, group, *, limit=100, cursor=None)
        bulk(stream, group, operation, *, error_contains=None, limit=None, dry_run=False)
        group_dead_requeue(stream, group, ids)
        group_dead_delete(stream, group, ids)
        group_claim(stream, *, group, consumer, min_idle_ms, limit=10)
    """,
    "action": """
        register(name, type="user", *, timeout_ms=30_000, max_retries=3, retry_delay_ms=1_000,
            run_timeout_ms=None, description=None)
        invoke(name, payload=b"", *, priority=10, delay_ms=0, idempotency_key=None, labels=None)
        status(run_id)
        wait(run_id, *, block_ms=30_000)
        call(name, payload=b"", *, block_ms=30_000, priority=10, delay_ms=0, idempotency_key=None,
            labels=None)
        retry(run_id)
        count_runs(name=None)
        limits(name, *, limit=100, cursor=None)
        bulk(operation, name=None, *, status=None, limit=None, dry_run=False, reason=None,
            started_after_ms=None, started_before_ms=None, ended_after_ms=None,
            ended_before_ms=None)
        cancel(run_id, *, reason=None)
        get(name)
        delete(name, *, force=False)
        enable(name)
        disable(name)
        list(*, prefix="", limit=100, cursor=None)
        list_runs(name=None, *, status=None, limit=100, cursor=None)
    """,
    "jobs": """
        status(job_id)
        wait(job_id, *, block_ms=30_000)
        list(*, limit=100, cursor=None)
        cancel(job_id)
    """,
    "worker": """
        register(worker_id, actions, *, concurrency=10, labels=None, metadata=None)
        heartbeat(worker_id, *, running=())
        drain(worker_id)
        deregister(worker_id)
        list(*, limit=100, cursor=None)
        await_task(worker_id, actions, *, block_ms=30_000)
        await_tasks(worker_id, actions, *, count, block_ms=30_000)
        complete(worker_id, task, output=b"", *, outcome="success")
        fail(worker_id, task, error, *, retry=True)
        touch(worker_id, task, *, extend_ms=30_000)
        release(worker_id, task)
    """,
    "workflow": """
        sync(yaml)
        sync_bytes(data)
        sync_file(path)
        sync_dir(path)
        validate(yaml)
        start(name, input=None, *, version=None, idempotency_key=None, run_id=None)
        status(run_id)
        wait(run_id, *, block_ms=30_000)
        signal(run_id, type, data=None)
        cancel(run_id, reason=None)
        retry(run_id)
        history(run_id, *, limit=100, cursor=None)
        list_runs(*, workflow_name=None, status=None, search=None, limit=100, cursor=None)
        list_definitions(*, limit=100, cursor=None)
        get_definition(name, *, version=None)
        disable(name)
        enable(name)
        schedules(*, limit=100, cursor=None)
        pause_schedule(name)
        resume_schedule(name)
        trigger_schedule(name)
    """,
}

WITHOUT_NAMESPACE = """
    create(name)
    list(*, limit=100, cursor=None)
    delete(name, *, force=False)
"""

CLASSES = {
    FloClient: 'f(endpoint, *, namespace="default", timeout_ms=5000, token=None, tls=None)',
    web.FloClient: 'f(endpoint, *, namespace="default", token=None, timeout_ms=5000)',
    floruntime.ActionWorker: """
        f(endpoint, *, namespace=None, concurrency=10, worker_id=None, token=None, tls=None,
            labels=None, metadata=None, action_timeout_ms=300_000, block_ms=30_000,
            heartbeat_interval_ms=30_000, auto_touch=True, drain_timeout_ms=30_000)
    """,
    floruntime.StreamWorker: """
        f(endpoint, *, stream, group, handler, namespace=None, concurrency=10, batch_size=10,
            consumer=None, block_ms=30_000, message_timeout_ms=300_000)
    """,
}

FIELDS = {
    "KvEntry": "key value version updated_at_ms expires_at_ms",
    "PutResult": "version",
    "ScanResult": "entries cursor has_more",
    "VersionEntry": "version value timestamp_ms deleted",
    "KvChange": "key value version deleted",
    "DequeueResult": "messages cursor",
    "Message": "seq payload priority attempt lease enqueued_at_ms lease_expires_at_ms reason error",
    "AckResult": "done stale",
    "QueueConfig": "max_attempts retry_delay_ms dlq_limit dedup_window_ms",
    "QueueStats": "name ready delayed leased dead oldest_age_ms enqueued_total acked_total paused",
    "AppendResult": "id offset partition timestamp_ms",
    "ReadResult": "records",
    "StreamInfo": "name partitions count size_bytes first_id last_id max_age_ms max_records "
    "max_bytes",
    "TrimResult": "removed",
    "GroupInfo": "name mode consumers pending lag last_delivered_id",
    "PendingEntry": "id consumer attempt lease delivered_at_ms expires_at_ms",
    "StreamRecord": "id offset partition stream payload headers partition_key timestamp_ms attempt "
    "lease reason",
    "StreamID": "timestamp_ms sequence",
    "ActionInfo": "name version enabled type timeout_ms max_retries retry_delay_ms run_timeout_ms "
    "description",
    "ActionScheduleInfo": "name cron interval_ms timezone paused enabled next_run_at_ms "
    "last_run_at_ms last_run_id running skipped_total",
    "InvokeResult": "run_id created",
    "ActionRun": "run_id action status attempt priority input output outcome error created_at_ms "
    "started_at_ms completed_at_ms caller_run_id progress progress_note",
    "LimitsInfo": "running waiting keys",
    "Limits": "running running_per_key rate rate_per_key rate_period_ms fair",
    "BulkJob": "job_id operation status matched done failed created_at_ms",
    "Heartbeat": "known draining cancelled",
    "Task": "run_id action payload attempt lease created_at_ms lease_expires_at_ms caller_run_id",
    "SyncResult": "name version action warnings",
    "Problem": "code severity message path line column",
    "WorkflowRun": "run_id workflow version status current_step input output error created_at_ms "
    "started_at_ms completed_at_ms wait_signal parent_run_id search_attributes",
    "HistoryEvent": "sequence type detail step timestamp_ms",
    "DefinitionInfo": "name version enabled created_at_ms",
    "ServerInfo": "version durability limits uptime_ms",
}

ERRORS = (
    "NotFoundError ConflictError BadRequestError GapError UnauthorizedError ForbiddenError "
    "OverloadedError StorageFullError UnavailableError RequestTimeoutError ConnectionFailedError "
    "NotConnectedError ProtocolError InternalServerError NonRetryableError"
)


def parsed(text: str) -> dict[str, inspect.Signature]:
    """The signatures in a text, by name; what is indented goes on with the line before."""
    found: dict[str, Any] = {}
    for line in re.sub(r"\n +", " ", textwrap.dedent(text).strip()).splitlines():
        exec(f"def {line}: ...", {}, found)
    return {name: inspect.signature(function) for name, function in found.items()}


def assert_as_the_page_says(function: Callable[..., Any], wanted: inspect.Signature) -> None:
    ours = dict(inspect.signature(function).parameters)
    positional = [name for name, each in ours.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    ordered = [
        name for name, each in wanted.parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    assert positional == ordered
    for name, parameter in wanted.parameters.items():
        assert (ours.pop(name)).default == parameter.default, name
    for name, more in ours.items():
        assert more.kind is more.KEYWORD_ONLY, name
        assert more.default is not more.empty, name


@pytest.mark.parametrize("part", METHODS)
def test_methods(part: str) -> None:
    methods = getattr(FloClient("memory://"), part)
    for name, wanted in parsed(METHODS[part]).items():
        method = getattr(methods, name)
        assert_as_the_page_says(method, wanted)
        assert inspect.signature(method).parameters["namespace"].default is None


def test_methods_of_namespaces() -> None:
    for name, wanted in parsed(WITHOUT_NAMESPACE).items():
        assert_as_the_page_says(getattr(FloClient("memory://").namespaces, name), wanted)


def test_alter_takes_what_is_to_change() -> None:
    parameters = inspect.signature(FloClient("memory://").stream.alter).parameters
    assert {"max_age_ms", "max_records", "max_bytes"} < set(parameters)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
def test_classes(kind: Any) -> None:
    assert_as_the_page_says(kind, parsed(CLASSES[kind])["f"])


def test_streams_is_another_name_of_stream() -> None:
    client = FloClient("memory://")
    assert client.streams is client.stream


@pytest.mark.parametrize("name", FIELDS)
def test_results_are_frozen_structs_with_these_fields(name: str) -> None:
    kind = getattr(floruntime, name)
    assert issubclass(kind, msgspec.Struct)
    assert kind.__struct_config__.frozen
    assert all(hasattr(kind, field) for field in FIELDS[name].split())


@pytest.mark.parametrize("name", ERRORS.split())
def test_errors_are_flo_errors_with_a_code_and_whether_it_ran(name: str) -> None:
    kind = getattr(floruntime, name)
    error = kind("why")
    assert isinstance(error, floruntime.FloError)
    assert isinstance(error.code, str)
    assert error.ran in ("no", "maybe")
    assert str(error) == "why"


def test_the_web_client_has_streams_to_use_and_keys_to_read_and_nothing_else() -> None:
    client, whole = web.FloClient("ws://localhost:9000/ws"), FloClient("memory://")
    reads = {"get", "entry", "scan", "history", "exists", "mget"}
    assert {name for name in parsed(METHODS["kv"]) if hasattr(client.kv, name)} == reads
    uses = {"append", "append_many", "read", "subscribe", "follow"}
    kept = {name for name in parsed(METHODS["stream"]) if hasattr(client.streams, name)}
    assert kept == uses | {name for name in kept if name.startswith("group_")}
    for name in ("append", "read", "subscribe", "group_read", "group_ack"):
        ours = inspect.signature(getattr(client.streams, name))
        assert ours == inspect.signature(getattr(whole.stream, name))
    for part in ("queue", "action", "worker", "workflow", "namespaces", "batch"):
        assert not hasattr(client, part)
