"""`Transaction`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn, Self, Unpack

from floruntime.client.api.base.values import Payload
from floruntime.client.api.kv.transaction import CommitResult, PutConditions, TouchOptions
from floruntime.client.api.kv.transaction import Transaction as AsyncTransaction
from floruntime.sync.standing import Standing, at_once


class Transaction(Standing[AsyncTransaction]):
    """Reads and writes of keys that happen together: `begin`, then `commit` or `rollback`.

    As a context manager it commits at the end of its block, and rolls back if the block raises.
    """

    @property
    def id(self) -> int:
        """As in the asynchronous client."""
        return self._of.id

    @property
    def pinned_hash(self) -> int:
        """As in the asynchronous client."""
        return self._of.pinned_hash

    def get(self, key: str) -> bytes | None:
        """Return the value, including what this transaction wrote, or `None`.

        Raises `TxnFinishedError` if the transaction is over.
        """
        return self._bridge.run(self._of.get(key))

    def exists(self, key: str) -> bool:
        """Return whether the key exists, including what this transaction wrote.

        Raises `TxnFinishedError` if the transaction is over.
        """
        return self._bridge.run(self._of.exists(key))

    def put(self, key: str, value: Payload, **conditions: Unpack[PutConditions]) -> None:
        """Write a value at the commit. TTL and conditions are those of `kv.put`.

        Raises `TxnFinishedError` if the transaction is over, `BadRequestError` if both TTLs are
        given. If a condition does not hold, `commit` raises the error.
        """
        self._bridge.run(self._of.put(key, value, **conditions))

    def delete(self, key: str, *, cas_version: int | None = None) -> None:
        """Delete a key at the commit.

        `cas_version`: the version that the key must have; by default any.

        Raises `TxnFinishedError` if the transaction is over.
        """
        self._bridge.run(self._of.delete(key, cas_version=cas_version))

    def incr(self, key: str, delta: int = 1) -> int:
        """Add to a counter at the commit. Returns the value that the counter will have.

        `delta`: the amount to add; default 1.

        Raises `ConflictError` if the key holds no counter, `TxnFinishedError` if the transaction is
        over.
        """
        return self._bridge.run(self._of.incr(key, delta))

    def touch(self, key: str, **ttl: Unpack[TouchOptions]) -> None:
        """Give a key a new TTL at the commit. The options are those of `kv.touch`.

        Raises `TxnFinishedError` if the transaction is over, `BadRequestError` without a TTL.
        """
        self._bridge.run(self._of.touch(key, **ttl))

    def persist(self, key: str, *, cas_version: int | None = None) -> None:
        """Remove a key's TTL at the commit.

        `cas_version`: the version that the key must have; by default any.

        Raises `TxnFinishedError` if the transaction is over.
        """
        self._bridge.run(self._of.persist(key, cas_version=cas_version))

    def version_of(self, key: str) -> int:
        """Return the version of a key when it was read here; 0 if it was missing, or not read."""
        return self._of.version_of(key)

    def commit(self) -> CommitResult:
        """Do all writes at once. The transaction is over afterwards, in any case.

        Raises `ConflictError` if somebody has changed a key that this transaction read. Then
        nothing was written: begin again.
        """
        return self._bridge.run(self._of.commit())

    def rollback(self) -> None:
        """Drop the writes. A transaction that is over stays as it is."""
        self._bridge.run(self._of.rollback())

    def scan(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        self._bridge.run(self._of.scan(*_given, **_options))

    def mget(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        self._bridge.run(self._of.mget(*_given, **_options))

    def history(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        self._bridge.run(self._of.history(*_given, **_options))

    def json_get(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        self._bridge.run(self._of.json_get(*_given, **_options))

    def json_set(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        self._bridge.run(self._of.json_set(*_given, **_options))

    def json_del(self, *_given: Any, **_options: Any) -> NoReturn:
        """Not in a transaction. Raises `TxnUnsupportedOpError`."""
        self._bridge.run(self._of.json_del(*_given, **_options))

    def __enter__(self) -> Self:
        at_once(self._of.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bridge.run(self._of.__aexit__(kind, error, traceback))
