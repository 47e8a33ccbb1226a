"""Joining a cluster, or creating it: what must be true before a node takes part."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from floruntime.server.cluster.board.board import Board, BoardSilentError, RevisionError
from floruntime.server.cluster.board.members import META, SECRET, MetaRow, decode_meta, encode
from floruntime.server.cluster.board.placement import SYSTEM
from floruntime.server.cluster.copies.node_storage import check_of_cluster
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.nats.jetstream import (
    JetStreamBoard,
    JetStreamLog,
    Nats,
    NatsFailedError,
)
from floruntime.server.cluster.nats.jetstream_objects import JetStreamObjects
from floruntime.server.config import Config, ConfigError

TRIES = 80
AGAIN_S = 0.5
LOOKS = 6
"""So often a cluster is looked for that ought to be there."""
SECRET_BYTES = 32


class Counted(Protocol):
    """A log that tells how many messages it has."""

    @property
    def stream(self) -> str:
        """Its name in NATS."""
        ...

    async def messages(self) -> int:
        """0 where there is none. Raises `LogSilentError`."""
        ...


class Joined(NamedTuple):
    """A connection to a cluster that is there."""

    nats: Nats
    board: JetStreamBoard
    meta: MetaRow
    secret: bytes
    logs: list[JetStreamLog]
    objects: JetStreamObjects


async def join(config: Config, held: str = "") -> Joined:
    """Connect to NATS, and find or make the cluster. Raises `ConfigError`.

    `held`: the cluster that this node's directory is of; then none is made.
    """
    nats = await Nats.connect(config)
    try:
        return await _join(config, nats, held)
    except NatsFailedError as error:
        await nats.close()
        raise ConfigError(f"cluster is {config.cluster!r}: {error}") from None
    except BaseException:
        await nats.close()
        raise


async def look_at(config: Config, held: str) -> str:
    """What `join` would find, in words; nothing is made. Raises `ConfigError` where it would."""
    nats = await Nats.connect(config)
    try:
        nats.check_version()
        await _check_jetstream(config, nats)
        board = JetStreamBoard(nats)
        if held:
            await check_there(board, held)
        found = await board.read(META)
        if found is None or not found.value:
            return f"it answers, and the cluster {config.cluster_name!r} would be made in it"
        meta = decode_meta(found.value)
        _check_fixed(config, meta)
        check_of_cluster(config.data_dir, held, meta.cluster_id, config.cluster_name)
        return f"it answers, and has the cluster {config.cluster_name!r}"
    except NatsFailedError as error:
        raise ConfigError(f"cluster is {config.cluster!r}: {error}") from None
    except BoardSilentError as error:
        raise _no_answer(str(error)) from None
    finally:
        await nats.close()


async def _join(config: Config, nats: Nats, held: str) -> Joined:
    nats.check_version()
    await _check_jetstream(config, nats)
    board = JetStreamBoard(nats)
    await board.make(config.replicas)
    wanted = MetaRow(secrets.token_hex(8), config.partitions, config.replicas, config.copies)
    logs = [JetStreamLog(nats, number) for number in range(SYSTEM, config.partitions + 1)]
    await _check_unused(board, logs)
    if held:
        await check_there(board, held)
    meta = decode_meta(await _first(board, META, encode(wanted)))
    _check_fixed(config, meta)
    secret = await _first(board, SECRET, secrets.token_bytes(SECRET_BYTES))
    await asyncio.gather(*(log.make(meta.replicas, meta.cluster_id) for log in logs))
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
        f"cluster is {config.cluster!r}: this NATS does not offer JetStream ({problem}); "
        "start it with JetStream (nats-server -js)"
    )


async def _check_unused(board: Board, logs: Sequence[Counted]) -> None:
    """Raise `NatsFailedError` where a log has messages, and nothing says which cluster it is of.

    Before a cluster is made, and not after: nodes that start together race, and once one has made
    it, others write. What they make is written before the first message, but it may be heard of
    later: so it is looked for again, for a while.
    """
    used = ""

    async def look() -> bool:
        nonlocal used
        counts = await asyncio.gather(*(log.messages() for log in logs))
        used = next((log.stream for log, count in zip(logs, counts, strict=True) if count), "")
        return not used or await _is_there(board)

    if not await _comes_true(look):
        raise NatsFailedError(
            f"the stream {used} of a cluster has messages, but the bucket that names the "
            "cluster was lost; choose another cluster_name, or delete the streams"
        )


async def check_there(board: Board, held: str) -> None:
    """Raise `NatsFailedError` where a node is of the cluster `held`, and there is none."""
    if not await _comes_true(lambda: _is_there(board)):
        raise NatsFailedError(
            f"the data directory belongs to a node of the cluster {held}, and there is no "
            "cluster of that name: NATS has lost its data, or is another one. If the data "
            "is lost, start the nodes on empty directories, and import this directory with "
            "`flo cluster import`"
        )


async def _is_there(board: Board) -> bool:
    """Whether there is a cluster."""
    found = await board.read(META)
    return found is not None and bool(found.value)


async def _comes_true(look: Callable[[], Awaitable[bool]]) -> bool:
    """Whether one of some looks shows it; one that NATS does not answer is none. Raises
    `ConfigError` where it answers nothing.
    """
    looks, problem = 0, ""
    for _ in range(TRIES):
        try:
            if await look():
                return True
            looks += 1
        except (BoardSilentError, LogSilentError) as error:
            problem = str(error)
        if looks == LOOKS:
            return False
        await asyncio.sleep(AGAIN_S)
    raise _no_answer(problem)


def _no_answer(problem: str) -> ConfigError:
    return ConfigError(
        f"NATS answers nothing about the cluster ({problem}); has it a majority of its nodes?"
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
            problem = f"{name} was written by another node, and cannot be read"
        except BoardSilentError as error:
            problem = str(error)
        await asyncio.sleep(AGAIN_S)
    raise _no_answer(problem)


def _check_fixed(config: Config, meta: MetaRow) -> None:
    for name in ("partitions", "copies"):
        wanted, fixed = getattr(config, name), getattr(meta, name)
        if wanted != fixed:
            raise ConfigError(
                f"{name} is {wanted}, and the cluster {config.cluster_name!r} was created "
                f"with {fixed}, which cannot be changed; set {name} to {fixed}"
            )
