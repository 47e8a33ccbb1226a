"""Results of that SDK whose form differs from ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from floruntime.core.action import ActionInfo
from floruntime.core.stream import StreamID, StreamRecord
from floruntime.core.worker import Task


class StorageTier(IntEnum):
    """Where a record is kept. There is one kind of storage, which is the first."""

    HOT = 0
    PENDING = 1
    WARM = 2
    COLD = 3


class GetResult(bytes):
    """A value that is also `.value` and `.version`: it fits both forms of that SDK's `kv.get`."""

    version: int

    def __new__(cls, value: bytes, version: int) -> Self:
        self = super().__new__(cls, value)
        self.version = version
        return self

    @property
    def value(self) -> bytes:
        """The bytes themselves."""
        return bytes(self)


@dataclass(frozen=True)
class KVEntry:
    """An entry of a scan; `value` is `None` if only keys were asked for."""

    key: bytes
    value: bytes | None


@dataclass(frozen=True)
class ScanResult:
    """A page of a scan; `cursor` is `None` at the end."""

    entries: list[KVEntry]
    cursor: bytes | None
    has_more: bool


@dataclass(frozen=True)
class MGetEntry:
    """One key of `kv.mget`. If it is missing: `found` is false, `value` empty, `version` 0."""

    key: str
    value: bytes
    version: int
    found: bool


@dataclass(frozen=True)
class ActionListResult:
    """The answer of `action.list`."""

    actions: list[ActionInfo]
    cursor: str | None = None


@dataclass(frozen=True)
class WorkerAwaitResult:
    """The answer of `worker.await_task`; `task` is `None` if none came in time."""

    task: Task | None = None


@dataclass(frozen=True)
class WorkerInfo:
    """A worker as the registry has it."""

    worker_id: str
    task_types: list[str]


@dataclass(frozen=True)
class WorkerListResult:
    """The answer of `worker.list`."""

    workers: list[WorkerInfo]


@dataclass(frozen=True)
class ClaimResult:
    """The answer of `stream.group_claim`; `done`: no more records were due."""

    records: list[StreamRecord]
    next_cursor: StreamID | None = None
    done: bool = True
