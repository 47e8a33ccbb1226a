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

    As a context manager it commits at the end of its block, and rolls back where that raises.
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
        """The value, with what this transaction wrote, or `None`.

        Raises `TxnFinishedError` where the transaction is over.
        """
        return self._bridge.run(self._of.get(key))

    def exists(self, key: str) -> bool:
        """Whether the key exists, with what this transaction wrote.

        Raises `TxnFinishedError` where the transaction is over.
        """
        return self._bridge.run(self._of.exists(key))

    def put(self, key: str, value: Payload, **conditions: Unpack[PutConditions]) -> None:
        """Write a value with the commit; TTL and conditions are those of `kv.put`.

        Raises `TxnFinishedError` where the transaction is over, `BadRequestError` on both TTLs
        together. A condition that does not hold is told by `commit`.
        """
        self._bridge.run(self._of.put(key, value, **conditions))

    def delete(self, key: str, *, cas_version: int | None = None) -> None:
        """Delete a key with the commit.

        `cas_version`: the version that it must have; by default any.

        Raises `TxnFinishedError` where the transaction is over.
        """
        self._bridge.run(self._of.delete(key, cas_version=cas_version))

    def incr(self, key: str, delta: int = 1) -> int:
        """Add to a counter with the commit; its value then.

        `delta`: what is added, 1 unless given.

        Raises `ConflictError` where the key holds no counter, `TxnFinishedError` where the
        transaction is over.
        """
        return self._bridge.run(self._of.incr(key, delta))

    def touch(self, key: str, **ttl: Unpack[TouchOptions]) -> None:
        """Give a key a new TTL with the commit; options as for `kv.touch`.

        Raises `TxnFinishedError` where the transaction is over, `BadRequestError` without a TTL.
        """
        self._bridge.run(self._of.touch(key, **ttl))

    def persist(self, key: str, *, cas_version: int | None = None) -> None:
        """Take a key's TTL away with the commit.

        `cas_version`: the version that the key must have; by default any.

        Raises `TxnFinishedError` where the transaction is over.
        """
        self._bridge.run(self._of.persist(key, cas_version=cas_version))

    def version_of(self, key: str) -> int:
        """The version of a key as it was read here; 0 where it was missing, or not read."""
        return self._of.version_of(key)

    def commit(self) -> CommitResult:
        """Do everything that was written, at once. In any case the transaction is over.

        Raises `ConflictError`, and has done nothing, where somebody else wrote a key that was read
        here: begin again.
        """
        return self._bridge.run(self._of.commit())

    def rollback(self) -> None:
        """Forget what was written. A transaction that is over stays as it is."""
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
