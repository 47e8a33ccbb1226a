"""Checkpoints of partitions in NATS's object store, so that logs need not be kept forever.

A leader writes a checkpoint of the acknowledged state, reads it back and compares it. Only then
does it mark it as good on the board, and the log is trimmed to the second newest good one. A copy
that is too far behind loads the newest undamaged checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from floruntime.core.types import Value
from floruntime.engine.store import Reader, Store
from floruntime.server.cluster.board.board import Board, Entry, RevisionError
from floruntime.server.cluster.log.dump import digest_of, read_dump, write_dump
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import DamagedLogError, Position
from floruntime.server.cluster.log.position import position_in
from floruntime.server.ending import to_its_end

log = logging.getLogger("floruntime.cluster")

KEPT = 2
"""So many good checkpoints of a partition are kept."""


T = TypeVar("T")


class CheckpointRow(Value, frozen=True):
    """A good checkpoint, and where in the log it stands."""

    name: str
    sequence: int
    term: int
    chain: bytes
    digest: bytes
    size_bytes: int


class Objects(Protocol):
    """Where checkpoints are stored. Every method may raise `LogSilentError`."""

    async def put(self, name: str, path: str) -> None: ...
    async def get(self, name: str, path: str) -> None: ...
    async def delete(self, name: str) -> None: ...


class TrimmedLog(Protocol):
    """A log that can be trimmed."""

    async def trim(self, up_to: int) -> None: ...


_encode = msgspec.msgpack.Encoder().encode
decode_rows = msgspec.msgpack.Decoder(list[CheckpointRow]).decode


def entry_of(partition: int) -> str:
    """The board's entry that names a partition's good checkpoints, newest first."""
    return f"checkpoint.{partition}"


def last_sequence(entry: Entry | None) -> int:
    """The sequence in the log of a partition's newest good checkpoint, by the board's entry."""
    rows = [] if entry is None or not entry.value else decode_rows(entry.value)
    return rows[0].sequence if rows else 0


class Checkpoints:
    """The checkpoints of one cluster. `directory`: for files while they are written and read."""

    def __init__(self, board: Board, objects: Objects, directory: str) -> None:
        self._board = board
        self._objects = objects
        self._directory = directory

    def _path(self, partition: int, what: str) -> str:
        return os.path.join(self._directory, f"checkpoint-{partition}.{what}")

    async def known(self, partition: int) -> list[CheckpointRow]:
        """The good checkpoints of a partition, newest first."""
        entry = await self._board.read(entry_of(partition))
        return [] if entry is None else decode_rows(entry.value)

    async def write(
        self, partition: int, store: Store, log: TrimmedLog, *, is_anew: bool = False
    ) -> CheckpointRow | None:
        """Write a checkpoint of the store's present state, and trim the log.

        Returns `None` if there is such a checkpoint already. `is_anew`: the earlier checkpoints
        belong to another history, and are dropped.

        Raises `LogSilentError`, `BoardSilentError`, `DamagedLogError`.
        """
        snapshot = store.snapshot()
        position = position_in(snapshot)
        entry = await self._board.read(entry_of(partition))
        former = [] if entry is None else decode_rows(entry.value)
        before = [] if is_anew else former
        if before and before[0].sequence >= position.sequence:
            return None
        made, read = self._path(partition, "made"), self._path(partition, "read")
        try:
            digest, size_bytes = await asyncio.to_thread(_write_file, snapshot, made)
            row = _row(partition, position, digest, size_bytes)
            await self._objects.put(row.name, made)
            await self._objects.get(row.name, read)
            if await asyncio.to_thread(_digest_of, read) != digest:
                raise DamagedLogError(
                    f"the checkpoint {row.name} was read back with other contents than were written"
                )
        finally:
            _remove(made)
            _remove(read)
        rows = [row, *before]
        revision = 0 if entry is None else entry.revision
        try:
            await self._board.write(entry_of(partition), _encode(rows[:KEPT]), revision)
        except RevisionError:
            return None  # another leader has written one meanwhile
        if len(rows) >= KEPT:
            await log.trim(rows[KEPT - 1].sequence)
        for old in former if is_anew else rows[KEPT:]:
            await self._objects.delete(old.name)
        return row

    async def load(self, partition: int, make: Callable[[Callable[[Store], None]], T]) -> T:
        """Load the newest good checkpoint, and return what `make` returns.

        `make` gets a function that fills a store, and makes a store for it. Raises
        `DamagedLogError` if no checkpoint can be read, and `LogSilentError`, `BoardSilentError`.
        """
        problems: list[Exception] = []
        for row in await self.known(partition):
            path = self._path(partition, "loaded")
            try:
                await self._objects.get(row.name, path)
                if await asyncio.to_thread(_digest_of, path) != row.digest:
                    raise DamagedLogError("it is damaged")
                return await to_its_end(asyncio.to_thread(make, partial(_read_file, path)))
            except (DamagedLogError, LogSilentError) as error:
                log.error("partition %d: checkpoint %s: %s", partition, row.name, error)
                problems.append(type(error)(f"checkpoint {row.name}: {error}"))
            finally:
                _remove(path)
        told = "; ".join(map(str, problems)) or "there is no checkpoint"
        if all(isinstance(error, DamagedLogError) for error in problems):
            raise DamagedLogError(told)
        raise LogSilentError(told)


def _row(partition: int, position: Position, digest: bytes, size_bytes: int) -> CheckpointRow:
    return CheckpointRow(
        f"{partition}-{position.term}-{position.sequence}",
        position.sequence,
        position.term,
        position.chain,
        digest,
        size_bytes,
    )


def _write_file(snapshot: Reader, path: str) -> tuple[bytes, int]:
    with open(path, "wb") as file:
        digest = write_dump(snapshot, file)
        return digest, file.tell()


def _digest_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return digest_of(file)


def _read_file(path: str, store: Store) -> None:
    with open(path, "rb") as file:
        read_dump(file, store)


def _remove(path: str) -> None:
    if os.path.exists(path):
        os.unlink(path)
