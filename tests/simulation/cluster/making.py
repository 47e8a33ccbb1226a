"""A cluster that its nodes make in NATS, while that is silent, refuses, and loses answers, and they
are killed; and what must not be made on what is left of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from floruntime.server.cluster import joining
from floruntime.server.cluster.board.members import META, SECRET, decode_meta
from floruntime.server.cluster.log.log import LogSilentError
from floruntime.server.cluster.nats.jetstream import NOT_FOUND, JetStreamBoard, JetStreamLog, Nats
from floruntime.server.config import Config
from tests.simulation.clockwork import pause
from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.nats import BOARD, SimBoard, SimLog, SimNats, SimObjects, Truth
from tests.simulation.world import set_to

if TYPE_CHECKING:
    from tests.simulation.cluster.world import ClusterWorld

PREFIX = "flo"
TROUBLES, TROUBLE_S = 8, 1.2
DARK_S_MAX = 3.0
LOST_SHARES, DELAYS_S, WITHIN_S = (0.0, 0.3), (0.002, 0.1), (0.05, 2.0)
"""How much of what goes to and fro is lost, how slow that is, how close together nodes start."""
REFUSES_S = 2.0
WRONG_S = 6.0
GONE_S = 12.0
"""For how long it is looked whether nodes make something of what is left."""
IN_USE = {"code": 400, "err_code": 10058, "description": "stream name already in use"}
NO_PEERS = {"code": 400, "err_code": 10005, "description": "no suitable peers for placement"}
MISSING = {"code": 404, "err_code": min(NOT_FOUND), "description": "stream not found"}


class Streams:
    """Those that NATS has, with their settings."""

    def __init__(self, truth: Truth, partitions: int) -> None:
        self._truth = truth
        names = {f"{PREFIX}-{number}": number for number in range(partitions + 1)}
        self._numbers = {f"KV_{PREFIX}-board": BOARD, **names}
        self.settings: dict[str, dict[str, Any]] = {}
        truth.missing.update(self._numbers.values())

    def answer(self, what: str, request: dict[str, Any]) -> dict[str, Any]:
        """What JetStream answers to a request of its API."""
        kind, _, name = what.rpartition(".")
        if kind == "STREAM.CREATE":
            return self._create(name, request)
        if kind == "STREAM.INFO":
            return self._info(name)
        assert what == "INFO", what
        return {}

    def _info(self, name: str) -> dict[str, Any]:
        if name not in self.settings:
            return {"error": MISSING}
        number = self._numbers[name]
        log = self._truth.logs[max(number, 0)]
        return {
            "config": self.settings[name],
            "state": {"messages": len(log) - log.first + 1 if number != BOARD else 0},
        }

    def _create(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        if self._truth.refuses_until_s > self._truth.loop.now_s:
            return {"error": NO_PEERS}
        if self.settings.setdefault(name, request) != request:
            return {"error": IN_USE}
        if name in self._numbers:  # more of them belong to a node that is set up otherwise
            self._truth.missing.discard(self._numbers[name])
        return {}

    def lose_board(self) -> None:
        """NATS has lost the bucket, with what lay in it."""
        self.settings.pop(f"KV_{PREFIX}-board")
        self._truth.missing.add(BOARD)
        self._truth.entries = self._truth.earlier = {}

    def lose_all(self) -> None:
        """NATS is an empty one."""
        self.settings.clear()
        self._truth.missing.update(self._numbers.values())
        self._truth.entries = self._truth.earlier = {}
        for log in self._truth.logs:
            log.all.clear()
            log.first = 1


class MadeNats(SimNats):
    """A connection by which streams are made, too, as the product makes them."""

    prefix = PREFIX
    make_stream = Nats.make_stream

    def __init__(self, truth: Truth, node: str, streams: Streams) -> None:
        super().__init__(truth, node)
        self._streams = streams

    def check_version(self) -> None:
        """It is new enough."""

    async def api(self, what: str, **request: Any) -> dict[str, Any]:
        return await self.ask(lambda: self._streams.answer(what, request), LogSilentError)


class MadeBoard(SimBoard):
    make = JetStreamBoard.make

    def __init__(self, nats: SimNats) -> None:
        super().__init__(nats)
        self._stream, self._start = f"KV_{PREFIX}-board", f"$KV.{PREFIX}-board."


class MadeLog(SimLog):
    make, messages = JetStreamLog.make, JetStreamLog.messages

    def __init__(self, nats: SimNats, partition: int) -> None:
        super().__init__(nats, partition)
        self.stream, self.subject = f"{PREFIX}-{partition}", f"{PREFIX}.log.{partition}"


class Making:
    """Of the cluster of `world`."""

    def __init__(self, world: ClusterWorld) -> None:
        self._world = world
        self._truth = world.truth
        self._chance = world.fork("making")
        self._streams = Streams(world.truth, world.partitions)
        #: What was fixed, by its name on the board.
        self._fixed: dict[str, bytes] = {}
        #: Nodes that are not to come in.
        self._strays: list[Computer] = []
        world.truth.becomes = self._note

    def _note(self, name: str, value: bytes) -> None:
        if name in (META, SECRET) and self._fixed.setdefault(name, value) != value:
            self._world.complain(f"what is fixed of the cluster is made anew: {name}")

    @contextmanager
    def arranged(self) -> Iterator[None]:
        """While this lasts, the product's way to join leads to this NATS."""
        with ExitStack() as stack:
            for name, kind in (
                ("Nats", SimpleNamespace(connect=self._connect)),
                ("JetStreamBoard", MadeBoard),
                ("JetStreamLog", MadeLog),
                ("JetStreamObjects", lambda nats, replicas: SimObjects(nats)),
            ):
                stack.enter_context(set_to(joining, name, kind))
            yield

    async def _connect(self, config: Config) -> MadeNats:
        host = config.advertise.partition(":")[0]
        nats = MadeNats(self._truth, host, self._streams)
        known = {each.host: each for each in (*self._world.all_computers, *self._strays)}
        known[host].take_nats(nats)
        return nats

    # What happens

    async def begin(self) -> None:
        """Nodes make it, in spite of all; who is set up otherwise does not come in."""
        self._truth.lost_share = self._chance.choice(LOST_SHARES)
        self._truth.delay_s = self._chance.choice(DELAYS_S)
        within_s = self._chance.choice(WITHIN_S)
        for computer in self._world.computers:
            computer.start_later(0.0, within_s)
        await self._trouble()
        self._truth.lost_share, self._truth.delay_s = 0.0, DELAYS_S[0]
        await self._world.until_all_run()
        self._world.meta = decode_meta(self._fixed[META])
        stray = self._stray("otherwise")
        stray.partitions += 1
        await self._judge_strays("is set up otherwise, and comes in", WRONG_S)

    def _stray(self, name: str) -> Computer:
        stray = self._world.new_computer(name)
        self._strays.append(stray)
        stray.start()
        return stray

    async def _judge_strays(self, what: str, seconds: float) -> None:
        """No node that ought not to runs."""
        until_s = self._world.loop.now_s + seconds
        while self._world.loop.now_s < until_s:
            for stray in self._strays:
                if stray.node is not None:
                    self._world.complain(f"{stray.name} {what}")
                    until_s = 0.0
            await pause(0.2)
        for stray in self._strays:
            stray.leave()
        self._world.gone.extend(self._strays)
        self._strays.clear()

    async def end(self) -> None:
        """NATS loses what says which cluster there is, or all: nodes make nothing of what is left,
        nor another one in its place.
        """
        for computer in self._world.computers:
            computer.kill(loses_power=False)
        if self._chance.random() < 0.5:
            self._streams.lose_board()
            self._stray("new")
        else:
            self._streams.lose_all()
        self._truth.lost_share = self._chance.choice(LOST_SHARES)
        self._strays += self._world.computers
        await self._judge_strays("runs, and its cluster is lost", GONE_S)

    async def _trouble(self) -> None:
        kinds = (self._darken_all, self._darken_one, self._kill, self._refuse)
        for _ in range(self._chance.randint(0, TROUBLES)):
            self._chance.choice(kinds)()
            await pause(self._chance.random() * TROUBLE_S)
        self._truth.dark_until_s.clear()
        self._truth.refuses_until_s = 0.0

    def _darken_all(self) -> None:
        self._truth.dark_until_s[""] = self._until_s(DARK_S_MAX)

    def _darken_one(self) -> None:
        name = self._chance.choice(self._world.computers).host
        self._truth.dark_until_s[name] = self._until_s(DARK_S_MAX)

    def _kill(self) -> None:
        computer = self._chance.choice(self._world.computers)
        computer.kill(loses_power=True, loses_all=self._chance.random() < 0.3)

    def _refuse(self) -> None:
        self._truth.refuses_until_s = self._until_s(REFUSES_S)

    def _until_s(self, most_s: float) -> float:
        return self._world.loop.now_s + self._chance.random() * most_s
