"""One cluster by one seed: what was acknowledged is there under each leader, and there is one."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import math
import random
import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from floruntime.core.errors import FloError
from floruntime.core.kv import KvGetEntry, KvIncr, KvPut, PutResult
from floruntime.core.types import Command, Query
from floruntime.server.cluster.lead import Lead
from floruntime.server.cluster.message import decode_message
from tests.simulation.clockwork import SimLoop, inside, pause
from tests.simulation.cluster.computers import PARTITIONS, Computer
from tests.simulation.cluster.nats import Truth
from tests.simulation.run import silence, uncollected
from tests.simulation.work.linear import Seen, is_linear
from tests.simulation.work.registers import Found, Get, Incr, Put, State, count, register

NODES = ("n1", "n2", "n3")
KEYS, COUNTER = ("x", "y"), "count"
CLIENTS = 3
BUSY_S = 25.0
PATIENCE_S = 120.0
REST_S = 0.6
ANSWER_S = 1.5
CALLS_MAX = 45
LOOK_S = 0.05


class Asker:
    """A client, which knows each leader, and says the same number until it is answered."""

    is_closed = False
    spans = None

    def __init__(self, name: str, cluster: ClusterSimulation) -> None:
        self.client = name
        self._cluster = cluster
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}

    async def call(self, asked: Command[Any] | Query[Any]) -> Any:
        """The answer, of whichever leader."""
        number = next(self._numbers) if isinstance(asked, Command) else 0
        while True:
            lead = self._cluster.leader()
            if lead is None:
                await pause(0.1)
                continue
            request_id = next(self._ids)
            self._answers[request_id] = answer = asyncio.get_running_loop().create_future()
            if isinstance(asked, Command):
                lead.submit(self, request_id, "default", number, asked)
            else:
                lead.ask(self, request_id, "default", asked)
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await answer
            except TimeoutError:
                del self._answers[request_id]

    def note_of(self, namespace: str, command: Command[Any]) -> None:
        return None

    def owe(self, request_id: int, answer_bytes: int) -> None:
        """It is given, or not."""

    def add_answer(self, request_id: int, result: Any, error: FloError | None) -> None:
        answer = self._answers.pop(request_id, None)
        if answer is None or answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    def flush(self) -> None:
        """It is there at once."""


class ClusterSimulation:
    """Three nodes, some clients, and troubles as the seed has them."""

    def __init__(self, seed: int) -> None:
        self.problems: list[str] = []
        self.terms = 0
        self._seed = seed
        self._loop = SimLoop(self._fork("loop"))
        self._truth = Truth(self._loop, self._fork("nats"), PARTITIONS)
        self._chance = self._fork("chance")
        self._computers = [
            Computer(name, self._loop, self._truth, self._fork(name), self.complain)
            for name in NODES
        ]
        self._values = itertools.count(1)
        self._seen: dict[str, list[Seen]] = {key: [] for key in (*KEYS, COUNTER)}
        #: The pace of the clocks of all nodes. Where they are slow, leases overlap, and what is
        #: read may be old; what is written is fenced by the log all the same.
        self._pace = self._chance.choice((1.0, 1.0, 0.2))
        self._loop.set_exception_handler(self._handle)

    def _fork(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}/cluster/{name}")

    def complain(self, problem: str) -> None:
        """A promise was broken."""
        if len(self.problems) < 10:
            self.problems.append(f"at {self._loop.now_s:.3f}: {problem}")

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "was destroyed" not in context["message"]:
            text = "" if error is None else "".join(traceback.format_exception(error))
            self.complain(f"{context['message']}\n{text}")

    def leader(self) -> Lead | None:
        """Whoever leads and may answer. There is never a second one."""
        leads = [lead for computer in self._computers if (lead := computer.lead) is not None]
        if len(leads) > 1 and self._pace == 1.0:
            self.complain(f"two lead: {[(lead.lease.row.node, lead.term) for lead in leads]}")
        return self._chance.choice(leads) if leads else None

    @property
    def digest(self) -> str:
        """All that stands in the logs, and when all was done, in short."""
        bodies = b"".join(body for log in self._truth.logs for body in log.all)
        return hashlib.sha256(bodies + repr(self._loop.now_s).encode()).hexdigest()

    def run(self) -> list[str]:
        """Do it all; what is wrong."""
        with silence(), uncollected(), inside(self._loop, self._fork("inside")):
            try:
                asyncio.set_event_loop(self._loop)
                self._loop.run_until_complete(self._live())
            except Exception:
                self.complain(traceback.format_exc())
            finally:
                for task in asyncio.all_tasks(self._loop):
                    task.cancel()
                self._loop.run_until_complete(asyncio.sleep(0))
                asyncio.set_event_loop(None)
                self._loop.close()
        return self.problems

    async def _live(self) -> None:
        for computer in self._computers:
            computer.start()
        async with asyncio.timeout(PATIENCE_S):
            while self.leader() is None:
                await pause(LOOK_S)
        clients = [Asker(f"client-{number}", self) for number in range(CLIENTS)]
        looking = asyncio.create_task(self._look())
        work = [asyncio.create_task(self._work(client)) for client in clients]
        await self._trouble()
        for task in work:
            task.cancel()
        for end in await asyncio.gather(*work, return_exceptions=True):
            if not isinstance(end, asyncio.CancelledError):
                self.complain(f"a client ended by {end!r}")
        if self._pace < 1.0:
            for key, calls in self._seen.items():
                self._seen[key] = [call for call in calls if not isinstance(call.asked, Get)]
        async with asyncio.timeout(PATIENCE_S):
            await self._until_all_have_all()
            for key in (*KEYS, COUNTER):
                await self._call(clients[0], key, Get())
            await self._until_all_have_all()
        looking.cancel()
        self._judge()

    # Work

    async def _work(self, client: Asker) -> None:
        while True:
            await pause(self._chance.expovariate(1 / REST_S))
            key = self._chance.choice((*KEYS, COUNTER))
            if len(self._seen[key]) < CALLS_MAX:
                write: Any = Incr() if key == COUNTER else Put(str(next(self._values)).encode())
                await self._call(client, key, self._chance.choice((Get(), write, write)))

    async def _call(self, client: Asker, key: str, asked: Any) -> None:
        since_s, place = self._loop.time(), len(self._seen[key])
        self._seen[key].append(Seen(since_s, math.inf, asked))
        if isinstance(asked, Incr):
            answer = await client.call(KvIncr(key))
        elif isinstance(asked, Put):
            told = await client.call(KvPut(key, asked.value))  # what is remembered is not decoded
            answer = msgspec.convert(told, PutResult).version
        else:
            entry = await client.call(KvGetEntry(key))
            answer = Found(None, 0) if entry is None else Found(entry.value, entry.version)
            if key == COUNTER:
                answer = int(answer.value or b"0")
        self._seen[key][place] = Seen(since_s, self._loop.time(), asked, answer)

    # Troubles

    async def _trouble(self) -> None:
        until_s = self._loop.time() + BUSY_S
        every_s = self._chance.choice((1.0, 2.5, 6.0))
        kinds: list[Callable[[], None]] = [
            *(self._kill, self._kill, self._restart, self._darken, self._darken),
            *(self._darken_all, self._hand_over, self._slow_down),
        ]
        self._restarting: list[asyncio.Task[None]] = []
        while self._loop.time() < until_s:
            await pause(self._chance.expovariate(1 / every_s))
            self._chance.choice(kinds)()
        self._truth.dark_until_s.clear()
        self._truth.delay_s = 0.002
        await asyncio.gather(*self._restarting)

    def _one(self) -> Computer:
        """Often the one that leads."""
        leading = [computer for computer in self._computers if computer.lead is not None]
        others = leading if leading and self._chance.random() < 0.6 else self._computers
        return self._chance.choice(others)

    def _kill(self) -> None:
        self._restarting.append(asyncio.create_task(self._one().restart(in_good_order=False)))

    def _restart(self) -> None:
        self._restarting.append(asyncio.create_task(self._one().restart(in_good_order=True)))

    def _darken(self) -> None:
        now_s = self._loop.now_s
        self._truth.dark_until_s[self._one().name] = now_s + self._chance.random() * 8

    def _darken_all(self) -> None:
        self._truth.dark_until_s[""] = self._loop.now_s + self._chance.random() * 5

    def _hand_over(self) -> None:
        node, target = self._one().node, self._chance.choice(NODES)
        if node is not None and target != node.name:
            node.leading.keep(node.leading.hand_over(PARTITIONS, target))

    def _slow_down(self) -> None:
        self._truth.delay_s = self._chance.choice((0.002, 0.05, 0.2))

    # Judgement

    async def _look(self) -> None:
        while True:
            await pause(LOOK_S)
            self.leader()
            for computer in self._computers:
                if self._pace < 1.0:
                    computer.slow_down(self._pace)
                if computer.node is not None and PARTITIONS in computer.node.replicas:
                    self._look_at_copy(computer)

    def _look_at_copy(self, computer: Computer) -> None:
        """A copy never shows another history than the log, nor than another copy."""
        assert computer.node is not None, "it runs"
        position = computer.node.replicas[PARTITIONS].position
        log = self._truth.logs[PARTITIONS]
        if position.sequence > len(log):
            self.complain(f"{computer.name} is at {position.sequence}, the log at {len(log)}")
        elif position.sequence and decode_message(log.all[position.sequence - 1]).chain != (
            position.chain
        ):
            self.complain(f"{computer.name} has another message {position.sequence} than the log")

    async def _until_all_have_all(self) -> None:
        while True:
            log = self._truth.logs[PARTITIONS]
            copies = [
                computer.node.replicas.get(PARTITIONS) if computer.node is not None else None
                for computer in self._computers
            ]
            if all(copy is not None and copy.position.sequence == len(log) for copy in copies):
                return
            await pause(LOOK_S)

    def _judge(self) -> None:
        first, *others = [computer.rows() for computer in self._computers]
        for computer, rows in zip(self._computers[1:], others, strict=True):
            if rows != first:
                keys = [
                    key for key in first.keys() | rows.keys() if first.get(key) != rows.get(key)
                ]
                self.complain(f"{computer.name} differs in {len(keys)} rows: {sorted(keys)[:3]}")
        heads = [decode_message(body).head for body in self._truth.logs[PARTITIONS].all]
        terms = [head.term for head in heads]
        self.terms = len(set(terms))
        if terms != sorted(terms):
            self.complain(f"the terms go back: {terms}")
        begun = [head.term for head in heads if head.is_term]
        if len(set(begun)) != len(begun):
            self.complain(f"two leaders have one term: {begun}")
        for key, calls in self._seen.items():
            start, step = (0, count) if key == COUNTER else (State(), register)
            if is_linear(calls, start, step) is False:  # type: ignore[arg-type]  # of a kind
                told = "\n".join(map(str, sorted(calls)))
                self.complain(f"{key}: there is no story to tell of\n{told}")
