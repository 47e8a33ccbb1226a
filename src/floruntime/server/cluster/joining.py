"""Joining a cluster, or making it: what must be so before a node takes part."""

from __future__ import annotations

import asyncio
import secrets
from typing import NamedTuple

from floruntime.server.cluster.board import Board, BoardSilentError, RevisionError
from floruntime.server.cluster.jetstream import (
    JetStreamBoard,
    JetStreamLog,
    JetStreamObjects,
    Nats,
    NatsFailedError,
)
from floruntime.server.cluster.log import LogSilentError
from floruntime.server.cluster.members import META, SECRET, MetaRow, decode_meta, encode
from floruntime.server.cluster.placement import SYSTEM
from floruntime.server.config import Config, ConfigError

TRIES = 80
AGAIN_S = 0.5
SECRET_BYTES = 32


class Joined(NamedTuple):
    """A connection to a cluster that is there."""

    nats: Nats
    board: JetStreamBoard
    meta: MetaRow
    secret: bytes
    logs: list[JetStreamLog]
    objects: JetStreamObjects


async def join(config: Config) -> Joined:
    """Connect to NATS, and find or make the cluster. Raises `ConfigError`."""
    nats = await Nats.connect(config)
    try:
        return await _join(config, nats)
    except NatsFailedError as error:
        await nats.close()
        raise ConfigError(f"cluster is {config.cluster!r}: {error}") from None
    except BaseException:
        await nats.close()
        raise


async def _join(config: Config, nats: Nats) -> Joined:
    nats.check_version()
    await _check_jetstream(config, nats)
    board = JetStreamBoard(nats)
    await board.make(config.replicas)
    wanted = MetaRow(secrets.token_hex(8), config.partitions, config.replicas, config.copies)
    meta = decode_meta(await _first(board, META, encode(wanted)))
    _check_fixed(config, meta)
    is_new = meta.cluster_id == wanted.cluster_id
    secret = await _first(board, SECRET, secrets.token_bytes(SECRET_BYTES))
    logs = [JetStreamLog(nats, number) for number in range(SYSTEM, meta.partitions + 1)]
    counts = await asyncio.gather(*(log.make(meta.replicas, meta.cluster_id) for log in logs))
    if is_new and any(counts):
        await board.write(META, b"", None)
        used = _first_used(logs, counts)
        raise NatsFailedError(
            f"there is no cluster {config.cluster_name!r}, and the stream {used} of one has "
            "messages: the bucket that belongs to it was lost; choose another cluster_name, or "
            "delete the streams"
        )
    return Joined(nats, board, meta, secret, logs, JetStreamObjects(nats, meta.replicas))


async def _check_jetstream(config: Config, nats: Nats) -> None:
    problem = ""
    for _ in range(TRIES):
        try:
            answer = await nats.api("INFO")
        except LogSilentError as error:
            problem = str(error)
            if "no responders" in problem.lower():
                break
        else:
            if "error" not in answer:
                return
            problem = str(answer["error"].get("description"))
            if answer["error"].get("code") != 503:
                break
        await asyncio.sleep(AGAIN_S)
    raise ConfigError(
        f"cluster is {config.cluster!r}: that NATS has no JetStream to offer ({problem}); "
        "start it with JetStream (nats-server -js)"
    )


async def _first(board: Board, name: str, value: bytes) -> bytes:
    """The entry as whoever was first wrote it; `value` where that is this node."""
    problem = ""
    for _ in range(TRIES):
        try:
            found = await board.read(name)
            if found is not None and found.value:
                return found.value
            await board.write(name, value, 0 if found is None else found.revision)
            continue
        except RevisionError:
            # Another node was first; whom we ask may not have heard of it yet.
            problem = f"another node wrote {name}, and it cannot be read"
        except BoardSilentError as error:
            problem = str(error)
        await asyncio.sleep(AGAIN_S)
    raise ConfigError(
        f"NATS answers nothing about the cluster ({problem}); has it a majority of its nodes?"
    )


def _first_used(logs: list[JetStreamLog], counts: list[int]) -> str:
    """The first stream that has messages."""
    return next(log.stream for log, count in zip(logs, counts, strict=True) if count)


def _check_fixed(config: Config, meta: MetaRow) -> None:
    for name in ("partitions", "copies"):
        wanted, fixed = getattr(config, name), getattr(meta, name)
        if wanted != fixed:
            raise ConfigError(
                f"{name} is {wanted}, and the cluster {config.cluster_name!r} was made with "
                f"{fixed}; that stays as it is"
            )
