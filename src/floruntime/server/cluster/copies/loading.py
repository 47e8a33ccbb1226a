"""Loads a checkpoint into a copy that is too far behind."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from floruntime.engine.store import Store
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.copies.checkpoints import Checkpoints
from floruntime.server.cluster.copies.node_storage import NodeStorage
from floruntime.server.cluster.copies.replica import Replica
from floruntime.server.ending import to_its_end

log = logging.getLogger("floruntime.cluster")


async def load(checkpoints: Checkpoints, storage: NodeStorage, replica: Replica) -> None:
    """Replace the copy by a checkpoint. Until the checkpoint is whole, the copy stays as it was.

    `system` is exchanged in one step of the event loop, because it is needed at any moment to judge
    new connections.
    """
    partition = replica.partition
    await checkpoints.load(partition, partial(storage.fill_apart, partition))
    await asyncio.to_thread(storage.let_go, partition)
    exchange = partial(_exchange, storage, replica)
    async with replica.reading:
        is_quick = partition == SYSTEM
        store = exchange() if is_quick else await to_its_end(asyncio.to_thread(exchange))
        replica.start_anew(store)
    log.info("partition %d: a checkpoint was loaded", partition)


def _exchange(storage: NodeStorage, replica: Replica) -> Store:
    replica.store.close()
    try:
        return storage.put_in_place(replica.partition)
    except BaseException:
        replica.store = storage.open_partition(replica.partition)
        raise
