"""Jobs on keys: delete all with a prefix, in byte order. Keys that are written later stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from floruntime.core import limits
from floruntime.core.jobs import BulkJob
from floruntime.core.kv import KvDeletePrefix
from floruntime.engine.kv.rows import KV, change, is_live, load
from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.jobs import Asked, Job, JobKind, Seen, begin
from floruntime.engine.system.namespaces import find_namespace, namespace_id

KIND: Final = "kv"


def delete_prefix(tx: Tx, request: KvDeletePrefix) -> BulkJob:
    limits.check_prefix("prefix", request.prefix)
    namespace = find_namespace(tx)
    version = 0 if namespace is None else namespace.version
    asked = Asked(KIND, "delete_prefix", request.prefix, None, False, 0, owner=version)
    return begin(tx, request, asked)


def _walk(tx: Tx, job: Job, position: bytes) -> Iterator[Seen]:
    """`job.owner`: the namespace's version when the job began."""
    request: KvDeletePrefix = job.request
    owner = namespace_id(tx)
    start, end = KV.range(owner, tail=request.prefix.encode())
    if position:
        start = next_key(KV.key(owner, tail=position))
    for at, row in tx.scan(KV, start, end):
        key = KV.tail_of(at)
        is_wanted = is_live(row, tx.now_ms) and row.version <= job.owner
        yield Seen(key, key.decode() if is_wanted else None, len(row.value))


def _act(tx: Tx, job: Job, key: str) -> bool:
    namespace, at, row = load(tx, key)
    if row is None or row.deleted or row.version > job.owner:
        return False
    change(tx, namespace, at, key, row, b"", deleted=True)
    return True


JOB_KIND: Final = JobKind(KvDeletePrefix, _walk, _act)
