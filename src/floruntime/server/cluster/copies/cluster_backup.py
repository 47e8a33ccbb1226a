"""A backup of a cluster: a store for each partition, in a directory that a cluster can take in.

FORMAT          names the version of this layout; written last, so a backup that has it is complete
partitions/N/   the store of partition N

Each partition is copied in its current state. As always, nothing is atomic between two partitions.
If this node keeps no copy of a partition, it reads that from the log, or from a checkpoint and the
log after it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from typing import Protocol

from floruntime.core.errors import BadRequestError, UnavailableError
from floruntime.core.limits import shown
from floruntime.engine.store import Store
from floruntime.engine.store.errors import StoreError
from floruntime.engine.store.rocks import RocksStore
from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.copies.checkpoints import Checkpoints
from floruntime.server.cluster.copies.directories import BACKUP_FORMAT, place_of
from floruntime.server.cluster.copies.replica import Replica, TooFarBehindError
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.log.message import DamagedLogError
from floruntime.server.cluster.nats.jetstream import JetStreamLog
from floruntime.server.data.data_dir import make_directory, sync_directory, sync_tree


class Node(Protocol):
    """The node that writes the backup."""

    replicas: dict[int, Replica]
    logs: list[JetStreamLog]
    checkpoints: Checkpoints


async def back_up(node: Node, directory: str) -> str:
    """Write a backup to `directory` on this machine, and return its full path.

    The directory must be empty or missing. Raises `BadRequestError` if the directory cannot be
    used, and `UnavailableError` if NATS does not answer.
    """
    target = await asyncio.to_thread(_begun, directory)
    try:
        for partition in range(len(node.logs)):
            await _copy(node, partition, place_of(target, partition))
        await asyncio.to_thread(_complete, target)
    except (LogSilentError, BoardSilentError, DamagedLogError) as error:
        raise UnavailableError(f"no backup can be written now: {error}") from None
    except (OSError, StoreError) as error:
        raise _refusal(directory, error) from None
    finally:
        await asyncio.to_thread(_drop_unfinished, target)
    return target


def _begun(directory: str) -> str:
    target = os.path.abspath(directory)
    try:
        if not directory or (os.path.isdir(target) and os.listdir(target)):
            raise BadRequestError(
                f"directory is {shown(directory)}; a backup needs one that is empty or missing"
            )
        make_directory(target)  # by itself: what stands above another is open to all
        make_directory(os.path.join(target, "partitions"))
    except (OSError, StoreError) as error:
        raise _refusal(directory, error) from None
    return target


def _refusal(directory: str, error: Exception) -> BadRequestError:
    return BadRequestError(f"no backup can be written to {shown(directory)}: {error}")


def _drop_unfinished(target: str) -> None:
    if not os.path.exists(os.path.join(target, "FORMAT")):
        shutil.rmtree(target, ignore_errors=True)


async def _copy(node: Node, partition: int, place: str) -> None:
    replica = node.replicas.get(partition)
    if replica is not None and replica.may_be_read:
        if not replica.is_held:
            await replica.read_on()
        await asyncio.to_thread(replica.store.checkpoint, place)
        return
    apart = Replica(partition, RocksStore(place), node.logs[partition])
    try:
        await _follow(node, apart, place)
        apart.store.sync()
    finally:
        apart.store.close()


async def _follow(node: Node, apart: Replica, place: str) -> None:
    """Read to the end of the log, from a checkpoint if the log's beginning was trimmed."""
    try:
        await apart.read_on()
    except TooFarBehindError:
        apart.store.close()

        def replace(fill: Callable[[Store], None]) -> Store:
            shutil.rmtree(place)
            store = RocksStore(place)
            fill(store)
            return store

        apart.start_anew(await node.checkpoints.load(apart.partition, replace))
        await apart.read_on()


def _complete(target: str) -> None:
    sync_tree(os.path.join(target, "partitions"))
    with open(os.path.join(target, "FORMAT"), "w", encoding="utf-8") as file:
        file.write(BACKUP_FORMAT + "\n")
        file.flush()
        os.fsync(file.fileno())
    sync_directory(target)
