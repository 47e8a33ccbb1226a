"""Transactions: read keys and write them in one step, unless somebody changed what was read.

The server holds nothing for a transaction. The client keeps the writes, and `commit` sends them in
one batch, with the versions of everything that was read as conditions. The keys may be any keys of
the namespace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Self, TypedDict, Unpack

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.base.operation import Ask
from floruntime.client.api.base.values import Payload, as_bytes
from floruntime.client.api.batch import BatchKv, Recorder, send
from floruntime.core.errors import BadRequestError, ConflictError
from floruntime.core.kv import KvEntry, KvGetEntry, PutResult
from floruntime.core.limits import shown

_COUNTER = re.compile(rb"-?[0-9]+")
_ids = count(1)


class TxnFinishedError(BadRequestError):
    """The transaction was already committed or rolled back."""


class TxnUnsupportedOpError(BadRequestError):
    """A transaction does not have this method: it reads several keys, or a part of one."""


class CommitResult(NamedTuple):
    """What a commit did.

    The highest version that it gave (0 if it wrote no value), how many writes it did, and what each
    write returned, in order, as outside a transaction.
    """

    commit_index: int
    op_count: int
    results: Sequence[Any]


class TouchOptions(TypedDict, total=False):
    """The options of `kv.touch`, beside the key."""

    ttl_ms: int | None
    ttl_seconds: float | None
    cas_version: int | None


class PutConditions(TouchOptions, total=False):
    """The options of `kv.put`, beside key and value."""

    if_not_exists: bool
    if_exists: bool


class Transaction:
    """Reads and writes of keys that happen together: `begin`, then `commit` or `rollback`.

    As a context manager it commits at the end of its block, and rolls back if the block raises.
    """

    def __init__(self, caller: Caller, namespace: str | None, timeout_ms: int | None) -> None:
        self.id = next(_ids)
        """A number that is unique among the transactions of this process."""
        self.pinned_hash = 0
        """Always 0: a transaction may take any keys of its namespace together."""
        self._caller = caller
        self._namespace = namespace
        self._timeout_ms = timeout_ms
        self._recorder = Recorder(caller, namespace)
        self._kv = BatchKv(self._recorder)
        self._read: dict[str, KvEntry | None] = {}
        self._written: dict[str, bytes | None] = {}
        self._is_finished = False

    async def get(self, key: str) -> bytes | None:
        """Return the value, including what this transaction wrote, or `None`.

        Raises `TxnFinishedError` if the transaction is over.
        """
        self._check_open()
        if key not in self._written and key not in self._read:
            await self._fetch(key)
        return self._known(key)

    async def exists(self, key: str) -> bool:
        """Return whether the key exists, including what this transaction wrote.

        Raises `TxnFinishedError` if the transaction is over.
        """
        return await self.get(key) is not None

    async def put(self, key: str, value: Payload, **conditions: Unpack[PutConditions]) -> None:
        """Write a value at the commit. TTL and conditions are those of `kv.put`.

        Raises `TxnFinishedError` if the transaction is over, `BadRequestError` if both TTLs are
        given. If a condition does not hold, `commit` raises the error.
        """
        self._check_open()
        self._kv.put(key, value, **conditions)
        self._written[key] = as_bytes(value)

    async def delete(self, key: str, *, cas_version: int | None = None) -> None:
        """Delete a key at the commit.

        `cas_version`: the version that the key must have; by default any.

        Raises `TxnFinishedError` if the transaction is over.
        """
        self._check_open()
        self._kv.delete(key, cas_version=cas_version)
        self._written[key] = None

    async def incr(self, key: str, delta: int = 1) -> int:
        """Add to a counter at the commit. Returns the value that the counter will have.

        `delta`: the amount to add; default 1.

        Raises `ConflictError` if the key holds no counter, `TxnFinishedError` if the transaction is
        over.
        """
        await self.get(key)
        before = _counted(key, self._known(key))  # by now: another may have counted meanwhile
        self._kv.incr(key, delta)
        self._written[key] = str(before + delta).encode()
        return before + delta

    async def touch(self, key: str, **ttl: Unpack[TouchOptions]) -> None:
        """Give a key a new TTL at the commit. The options are those of `kv.touch`.

        Raises `TxnFinishedError` if the transaction is over, `BadRequestError` without a TTL.
        """
        self._check_open()
        self._kv.touch(key, **ttl)

    async def persist(self, key: str, *, cas_version: int | None = None) -> None:
        """Remove a key's TTL at the commit.

        `cas_version`: the version that the key must have; by default any.

        Raises `TxnFinishedError` if the transaction is over.
        """
        self._check_open()
        self._kv.persist(key, cas_version=cas_version)

    def version_of(self, key: str) -> int:
        """Return the version of a key when it was read here; 0 if it was missing, or not read."""
        entry = self._read.get(key)
        return 0 if entry is None else entry.version

    async def commit(self) -> CommitResult:
        """Do all writes at once. The transaction is over afterwards, in any case.

        Raises `ConflictError` if somebody has changed a key that this transaction read. Then
        nothing was written: begin again.
        """
        self._check_open()
        self._is_finished = True
        conditions = Recorder(self._caller, self._namespace)
        for key in self._read:
            BatchKv(conditions).check(key, version=self.version_of(key))
        checks, writes = conditions.end(), self._recorder.end()
        asks: list[Ask[Any]] = [*checks, *writes]
        where = self._recorder.namespace
        answers = await send(self._caller, asks, where, self._timeout_ms) if asks else []
        results = answers[len(checks) :]
        versions = [result.version for result in results if isinstance(result, PutResult)]
        return CommitResult(max(versions, default=0), len(writes), results)

    async def rollback(self) -> None:
        """Drop the writes. A transaction that is over stays as it is."""
        self._is_finished = True

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None and not self._is_finished:
            await self.commit()
        self._is_finished = True

    async def scan(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        raise _unsupported("scan")

    async def mget(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        raise _unsupported("mget")

    async def history(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        raise _unsupported("history")

    async def json_get(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        raise _unsupported("json_get")

    async def json_set(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        raise _unsupported("json_set")

    async def json_del(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        raise _unsupported("json_del")

    async def _fetch(self, key: str) -> None:
        ask: Ask[KvEntry | None] = Ask(
            KvGetEntry(key), namespace=self._namespace, timeout_ms=self._timeout_ms
        )
        entry = await self._caller.perform(ask)
        # Of two reads at once the first counts: the commit asks whether that still stands.
        self._read.setdefault(key, entry)

    def _known(self, key: str) -> bytes | None:
        """What was written here last, even while the key was read; else what was read."""
        if key in self._written:
            return self._written[key]
        entry = self._read[key]
        return None if entry is None else entry.value

    def _check_open(self) -> None:
        if self._is_finished:
            raise TxnFinishedError("this transaction is over; begin another with kv.begin()")


def _unsupported(method: str) -> TxnUnsupportedOpError:
    return TxnUnsupportedOpError(f"{method} is not in a transaction: it reads keys one by one")


def _counted(key: str, value: bytes | None) -> int:
    if value is None:
        return 0
    if not _COUNTER.fullmatch(value):
        raise ConflictError(f"key {shown(key)} holds no counter")
    return int(value)
