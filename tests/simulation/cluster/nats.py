"""What nodes see of NATS: one truth, asked over a way on which requests and answers are lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from floruntime.server.cluster.board.board import BoardSilentError, Entry, RevisionError
from floruntime.server.cluster.board.members import NODES
from floruntime.server.cluster.copies.checkpoints import decode_rows, entry_of
from floruntime.server.cluster.log.log import Ends, LogRefusedError, LogSilentError, Stored
from floruntime.server.cluster.log.message import (
    ANEW,
    HEADER_BYTES,
    DamagedLogError,
    decode_message,
)
from tests.simulation.clockwork import SimLoop
from tests.simulation.process import WORLD

T = TypeVar("T")
TIMEOUT_S = 1.0
"""How long an answer is waited for, unless a world has them come late."""
PAGE = 50
DAMAGED_SHARE = 0.1
"""Of what is put into NATS as a file."""
BOARD = -1
"""The number of the board among streams, beside those of partitions."""
LAG_MAX = 3
"""So many messages may be missing from what another server than the log's leader shows."""
Hear = Callable[[str, bytes], None]


class LogFile:
    """The messages of a log, of which the first may be dropped by now."""

    def __init__(self) -> None:
        #: Every one that ever was, the dropped ones too.
        self.all: list[bytes] = []
        self.first = 1

    def __len__(self) -> int:
        return len(self.all)

    def append(self, body: bytes) -> None:
        self.all.append(body)

    def at(self, sequence: int) -> bytes | None:
        return self.all[sequence - 1] if self.first <= sequence <= len(self.all) else None

    def after(self, sequence: int, end: int) -> list[Stored]:
        begin = max(sequence, self.first - 1)
        return [
            Stored(number, body)
            for number, body in enumerate(self.all[begin : min(begin + PAGE, end)], begin + 1)
        ]


class Backup(NamedTuple):
    """A copy of all that NATS had."""

    ends: list[Ends]
    objects: dict[str, bytes]
    entries: dict[str, Entry]
    revision: int


class Truth:
    """What the majority of NATS has."""

    def __init__(self, loop: SimLoop, chance: random.Random, partitions: int) -> None:
        self.loop = loop
        self.chance = chance
        self.logs = [LogFile() for _ in range(partitions + 1)]
        self.objects: dict[str, bytes] = {}
        self.damaged: set[str] = set()
        self.entries: dict[str, Entry] = {}
        self.earlier: dict[str, Entry] = {}
        self.revision = 0
        #: Nothing passes to or from these until then; `""`: NATS has no majority.
        self.dark_until_s: dict[str, float] = {}
        #: Until then it is down, whatever else is over.
        self.down_until_s = 0.0
        self.delay_s = 0.002
        #: By node how much later answers come to it than requests go.
        self.late_s: dict[str, float] = {}
        self.answer_s = TIMEOUT_S
        #: How many requests are lost, or their answers, though all is light.
        self.lost_share = 0.0
        #: Until then nothing is taken: there is no room, say.
        self.refuses_until_s = 0.0
        #: How many of the messages come to NATS twice.
        self.twice_share = chance.choice((0.0, 0.1))
        #: Where messages may be small, a batch takes several of them.
        self.message_bytes_max = chance.choice((1_000_000, HEADER_BYTES + 150))
        #: How often it came back as an older copy.
        self.restores = 0
        #: Partitions whose logs lost what they had acknowledged, until a copy goes on.
        self.set_back: set[int] = set()
        #: Is told where the state of a partition begins anew, before anything follows.
        self.begins_anew: Callable[[int, int, str], None] = lambda partition, sequence, node: None
        #: Is told which node is about to write to which log.
        self.writes: Callable[[str, int], None] = lambda node, partition: None
        #: Streams that nobody has made yet: partitions, or `BOARD`.
        self.missing: set[int] = set()
        #: Is told what an entry of the board becomes.
        self.becomes: Callable[[str, bytes], None] = lambda name, value: None
        #: Is told what a node has told of itself.
        self.tells: Callable[[bytes], None] = lambda row: None
        #: By node where each log ends in the copies of it that this node is shown.
        self.shown: dict[str, list[int]] = {}
        self.ears: dict[SimNats, dict[str, Hear]] = {}

    def is_dark(self, node: str) -> bool:
        now_s = self.loop.now_s
        return self.down_until_s > now_s or any(
            self.dark_until_s.get(name, 0) > now_s for name in (node, "")
        )

    def way_s(self) -> float:
        """How long something is on its way."""
        return 0.000_2 + self.chance.expovariate(1 / self.delay_s)

    def write(self, name: str, value: bytes, revision: int | None) -> int:
        found = self.entries.get(name)
        if revision is not None and revision != (0 if found is None else found.revision):
            raise RevisionError(name)
        self.earlier = dict(self.entries)
        self.revision += 1
        self.entries[name] = Entry(self.revision, value)
        self.becomes(name, value)
        if name.startswith(NODES):
            self.tells(value)
        return self.revision

    def damage_newest(self, partition: int) -> None:
        """Of two good checkpoints the newer one is cut off, or a byte of it is another, unless the
        older one was damaged.
        """
        entry = self.entries.get(entry_of(partition))
        names = [] if entry is None else [row.name for row in decode_rows(entry.value)]
        if len(names) > 1 and names[1] not in self.damaged and names[0] in self.objects:
            self.damaged.add(names[0])
            body = self.objects[names[0]]
            self.objects[names[0]] = self._damaged(body)

    def _damaged(self, body: bytes) -> bytes:
        kind = self.chance.choice(("empty", "cut", "flipped", "flipped"))
        if kind == "empty" or not body:
            return b""
        if kind == "cut":
            return body[:-1]
        place = self.chance.randrange(len(body))
        return body[:place] + bytes((body[place] ^ 1,)) + body[place + 1 :]

    def back_up(self) -> Backup:
        """As of now."""
        ends = [Ends(log.first, len(log)) for log in self.logs]
        return Backup(ends, dict(self.objects), dict(self.entries), self.revision)

    def restore(self, backup: Backup, *, with_board: bool) -> None:
        """What was acknowledged since is gone; perhaps of the logs only."""
        self.restores += 1
        for partition, (log, ends) in enumerate(zip(self.logs, backup.ends, strict=True)):
            if len(log) > ends.last:
                self.set_back.add(partition)
            log.first = ends.first
            del log.all[ends.last :]
        if with_board:
            self.objects, self.revision = dict(backup.objects), backup.revision
            self.entries = self.earlier = dict(backup.entries)

    def put_object(self, name: str, body: bytes) -> None:
        if self.chance.random() < DAMAGED_SHARE:  # whoever reads it back finds out
            body = body[: len(body) // 2]
        self.objects[name] = body

    def at_stream(self, stream: int, act: Callable[[], T], silence: type[Exception]) -> T:
        """What NATS does where it has the stream."""
        if stream in self.missing:
            raise silence("nobody answers for that stream")
        return act()

    def append(self, partition: int, body: bytes, expected: int) -> None:
        if self.loop.now_s < self.refuses_until_s:
            raise LogSilentError("NATS did not take a message: there is no room")
        log = self.logs[partition]
        if len(log) != expected:
            raise LogRefusedError
        log.append(body)
        if ANEW in body:
            message = decode_message(body)
            if message.head.is_term:
                self.begins_anew(partition, len(log), message.head.node)


class SimNats:
    """One node's connection."""

    version = "simulated"
    is_connected = True
    is_closed = False
    problem = ""
    refusal = ""

    def __init__(self, truth: Truth, node: str) -> None:
        self.truth = truth
        self.node = node
        #: Whether the node's process is gone: what it sent may still arrive.
        self.is_gone = False
        self.context = copy_context()
        truth.ears[self] = {}

    async def ask(
        self, act: Callable[[], T], silence: type[Exception], *, may_come_twice: bool = False
    ) -> T:
        """Let NATS do it; raises what it raises, or `silence`: nobody knows then."""
        truth, loop = self.truth, self.truth.loop
        answer: asyncio.Future[T] = loop.create_future()
        restores = truth.restores

        def arrive() -> None:
            if truth.restores != restores:
                return  # it was sent to a NATS that went down
            if truth.is_dark(self.node):
                if truth.chance.random() < 0.5:  # else it is lost
                    loop.call_later(truth.chance.random() * 2, arrive, context=WORLD)
                return
            is_lost = bool(truth.lost_share) and truth.chance.random() < truth.lost_share
            if is_lost and truth.chance.random() < 0.5:
                return
            try:
                result, error = act(), None
            except (RevisionError, LogRefusedError, silence) as refused:
                result, error = None, refused
            if is_lost:
                return
            back_s = truth.way_s() + truth.late_s.get(self.node, 0.0)
            loop.call_later(back_s, come_back, result, error, context=WORLD)

        def come_back(result: Any, error: Exception | None) -> None:
            if truth.is_dark(self.node) or self.is_gone or answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        if not self.is_gone:
            loop.call_later(truth.way_s(), arrive, context=WORLD)
            if may_come_twice and truth.chance.random() < truth.twice_share:
                loop.call_later(truth.way_s() * 3, arrive, context=WORLD)
        try:
            async with asyncio.timeout(truth.answer_s):
                return await answer
        except TimeoutError:
            raise silence("no answer") from None

    async def go_elsewhere(self) -> None:
        """It is one server."""

    async def hear(self, name: str, call: Hear) -> None:
        self.truth.ears[self][name] = call

    async def hint(self, subject: str, body: bytes) -> None:
        """Whoever can hears of it; nobody is told who did."""
        truth = self.truth
        name, _, partition = subject.partition(".")
        for nats in list(truth.ears):
            if not (truth.is_dark(self.node) or self.is_gone) and truth.chance.random() < 0.9:
                call = partial(nats.told, name, partition, body)
                truth.loop.call_later(truth.way_s(), call, context=nats.context)

    def told(self, name: str, partition: str, body: bytes) -> None:
        """A hint arrives."""
        call = self.truth.ears.get(self, {}).get(name)
        if call is not None and not self.truth.is_dark(self.node):
            call(partition, body)

    async def sync_intervals(self) -> dict[str, float]:
        return {}

    async def close(self) -> None:
        self.leave()

    def leave(self) -> None:
        """Hear nothing more, and be answered nothing."""
        self.is_gone = True
        self.truth.ears.pop(self, None)


class SimLog:
    """A partition's log, as one node sees it."""

    def __init__(self, nats: SimNats, partition: int) -> None:
        self.message_bytes_max = nats.truth.message_bytes_max
        self._nats = nats
        self._partition = partition

    @property
    def _file(self) -> LogFile:
        return self._nats.truth.logs[self._partition]

    async def _ask(self, act: Callable[[], T]) -> T:
        there = partial(self._nats.truth.at_stream, self._partition, act, LogSilentError)
        return await self._nats.ask(there, LogSilentError)

    async def append(self, body: bytes, expected: int) -> None:
        truth = self._nats.truth
        truth.writes(self._nats.node, self._partition)
        act = partial(truth.append, self._partition, body, expected)
        there = partial(truth.at_stream, self._partition, act, LogSilentError)
        await self._nats.ask(there, LogSilentError, may_come_twice=True)

    async def at(self, sequence: int) -> bytes | None:
        return await self._ask(lambda: self._file.at(sequence))

    async def after(self, sequence: int) -> list[Stored]:
        chance = self._nats.truth.chance

        def look() -> list[Stored]:
            lag = chance.randint(0, LAG_MAX) if chance.random() < 0.2 else 0
            end, shown = len(self._file) - lag, self._nats.truth.shown.get(self._nats.node)
            end = end if shown is None else min(end, shown[self._partition])
            return self._file.after(sequence, end)

        return await self._ask(look)

    async def ends(self) -> Ends:
        return await self._ask(lambda: Ends(self._file.first, len(self._file)))

    async def trim(self, up_to: int) -> None:
        def drop() -> None:
            end = min(up_to, len(self._file))  # a log that was set back ends before
            self._file.first = max(self._file.first, end + 1)

        await self._ask(drop)


class SimObjects:
    """Where checkpoints lie, as one node sees it."""

    def __init__(self, nats: SimNats) -> None:
        self._nats = nats

    async def put(self, name: str, path: str) -> None:
        body = Path(path).read_bytes()  # noqa: ASYNC240 # no time passes here
        await self._nats.ask(lambda: self._nats.truth.put_object(name, body), LogSilentError)

    async def get(self, name: str, path: str) -> None:
        objects = self._nats.truth.objects
        body = await self._nats.ask(lambda: objects.get(name), LogSilentError)
        if body is None:
            raise DamagedLogError(f"{name} is gone")
        Path(path).write_bytes(body)  # noqa: ASYNC240 # no time passes here

    async def delete(self, name: str) -> None:
        objects = self._nats.truth.objects
        await self._nats.ask(lambda: objects.pop(name, None), LogSilentError)


class SimBoard:
    """The board, as one node sees it."""

    def __init__(self, nats: SimNats) -> None:
        self._nats = nats

    async def read_all(self) -> dict[str, Entry]:
        truth = self._nats.truth

        def look() -> dict[str, Entry]:
            is_late = truth.chance.random() < 0.1
            return dict(truth.earlier if is_late else truth.entries)

        return await self._ask(look)

    async def read(self, name: str) -> Entry | None:
        truth = self._nats.truth
        return await self._ask(lambda: truth.entries.get(name))

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        truth = self._nats.truth
        return await self._ask(lambda: truth.write(name, value, revision))

    async def _ask(self, act: Callable[[], T]) -> T:
        there = partial(self._nats.truth.at_stream, BOARD, act, BoardSilentError)
        return await self._nats.ask(there, BoardSilentError)
