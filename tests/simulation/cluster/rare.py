"""What rarely happens to a cluster, at most once to a world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from floruntime.client.client import FloClient
from floruntime.core.errors import FloError, NotFoundError
from tests.simulation.clockwork import pause
from tests.simulation.cluster.computers import Computer
from tests.simulation.cluster.namesakes import Namesakes
from tests.simulation.cluster.nats import Truth
from tests.simulation.cluster.strangers import Strangers

if TYPE_CHECKING:
    from tests.simulation.cluster.faults import ClusterFaults
    from tests.simulation.cluster.world import ClusterWorld

RARE = (
    *("drained", "imported", "joined", "replaced", "restored", "swept", "lagging", "strangers"),
    *("late", "namesakes", "behind", "made"),
)
"""Their names. Their order is part of what a seed means."""
APART = ("joined", "lagging", "strangers", "behind")
"""What may happen beside the others."""
LAGS_S_MAX = 4.0
BEHIND_S = (3.0, 8.0)
"""For how long a node is shown nothing new, and so falls further behind than some clients allow."""
LATE_S, IS_LATE_S, THEN_DARK_S = (0.5, 1.5), (2.0, 4.0), (3.5, 5.0)
"""How late answers come, for how long, and for how long none comes then."""
SHARE = 0.2
"""Of the worlds that each happens to."""
LOOK_S = 0.05
ON_ITS_WAY_S = 2.5
"""After which nothing is on its way to NATS that was sent before."""
BACKUP_S = (0.2, 4.0)
"""How old the copy is that NATS is restored from."""
RESTORED_S, RESTARTED_S = (4.0, 8.0), (0.0, 2.0)
"""How long NATS is down, where all of it is restored, and where it lost the end of some logs. While
its board is restored leases run out.
"""
RECOVER_MS = 60_000


class Rare:
    """Lets it happen to `world`, beside its `faults`."""

    def __init__(self, world: ClusterWorld, faults: ClusterFaults) -> None:
        self._world = world
        self._faults = faults
        self._truth: Truth = world.truth
        self._chance = world.fork("rare")
        self._begun_s = world.loop.now_s
        #: Who has the furthest copy of a log that was set back must not be replaced meanwhile.
        self._turn = asyncio.Lock()

    async def happen(self, name: str) -> None:
        """Sooner or later, while there is trouble."""
        happens: dict[str, Callable[[], Awaitable[None]]] = {
            "drained": self._drain,
            "imported": self._nothing,  # before all work: `importing.py`
            "joined": self._join,
            "replaced": self._replace,
            "restored": self._set_back,
            "swept": self._nothing,  # all the time: `world.arranged`
            "lagging": self._lag,
            "behind": self._stay_behind,
            "made": self._nothing,  # before all work: `making.py`
            "late": self._answer_late,
            "namesakes": Namesakes(self._world, self._faults).come,
            "strangers": Strangers(self._world, lambda: self._faults.is_calm).visit,
        }
        await pause(self._chance.uniform(0.5, 0.7 * self._world.busy_s))
        async with self._turn if name not in APART else nullcontext():
            self._world.tell(f"{self._world.loop.now_s:10.4f} RARE {name}")
            self._faults.names.append(name)
            await happens[name]()

    async def _nothing(self) -> None:
        """It happens elsewhere."""

    async def _lag(self) -> None:
        """A node is shown copies of the logs that stay as they are for a while."""
        shown = self._truth.shown
        for _ in range(5):
            name = self._chance.choice(self._world.computers).name
            shown[name] = [len(log) for log in self._truth.logs]
            await pause(self._chance.random() * LAGS_S_MAX)
            shown.pop(name, None)
            await pause(self._chance.random())

    async def _stay_behind(self) -> None:
        """The same for longer, to nodes that follow."""
        shown = self._truth.shown
        while self._world.loop.now_s < self._begun_s + self._world.busy_s:
            following = [each for each in self._world.computers if each.node]
            name = self._chance.choice(following or self._world.computers).name
            shown[name] = [len(log) for log in self._truth.logs]
            await pause(self._chance.uniform(*BEHIND_S))
            shown.pop(name, None)
            await pause(self._chance.random())

    async def _answer_late(self) -> None:
        """NATS answers one that leads late, and then no more: others count from when it asked."""
        truth, chance = self._truth, self._chance
        for _ in range(4):
            name = self._faults.one().name
            truth.late_s[name] = chance.uniform(*LATE_S)
            await pause(chance.uniform(*IS_LATE_S))
            dark_s = chance.uniform(*THEN_DARK_S)
            truth.dark_until_s[name] = self._world.loop.now_s + dark_s
            await pause(dark_s)
            del truth.late_s[name]

    # Nodes that come and go

    async def _join(self) -> None:
        """A node more, with nothing on its disks."""
        number = len(self._world.computers) + len(self._world.gone) + 1
        computer = self._world.new_computer(f"n{number}")
        self._world.computers.append(computer)
        self._world.names.append(computer.name)
        computer.start()

    async def _replace(self) -> None:
        """A machine is gone for good; another one comes, and the operator forgets the first."""
        lost = self._chance.choice(self._world.computers)
        self._world.computers.remove(lost)
        self._world.names.remove(lost.name)
        self._world.gone.append(lost)
        lost.leave()
        await self._join()
        await self._surely(lambda operator: operator.cluster.forget(lost.name), NotFoundError)

    async def _drain(self) -> None:
        """An operator takes the leads of a node; it leads nothing until it starts again."""
        computer = self._chance.choice(self._world.computers)
        await self._drain_one(computer)
        await computer.restart()

    async def _drain_one(self, computer: Computer) -> None:
        node = computer.node
        try:
            async with self._operator() as operator:
                await operator.cluster.drain(computer.name)
        except FloError:
            return  # it is down, or nobody else may lead yet
        until_s = self._world.loop.now_s + 5.0
        while computer.node is node and node is not None and self._world.loop.now_s < until_s:
            # One that NATS hears nothing of may hold on to leads for a while, and answers nobody.
            leads = [lead.partition for lead in node.leads() if lead.may_answer]
            if leads and "_hand_over" not in self._faults.names:
                self._world.complain(f"{computer.name} is drained, and leads {leads}")
                return
            await pause(LOOK_S)

    # NATS

    async def _set_back(self) -> None:
        """NATS is restored from an older copy. One node or more are further than that, so nobody
        leads what was set back, whoever joins, loses all it had, or is behind; the operator lets
        the copy go on that is furthest: nothing is lost.
        """
        self._faults.is_calm = True
        await self._faults.calm_down()
        await self._world.until_all_run()
        await pause(ON_ITS_WAY_S)
        backup = self._truth.back_up()
        await pause(self._chance.uniform(*BACKUP_S))
        ends = [each.last for each in backup.ends]
        while not self._has_one_all(ends):
            await pause(LOOK_S)
        with_board = self._chance.random() < 0.5
        self._truth.restore(backup, with_board=with_board)
        down_s = self._chance.uniform(*(RESTORED_S if with_board else RESTARTED_S))
        self._truth.down_until_s = self._world.loop.now_s + down_s
        for partition in sorted(self._truth.set_back):
            await self._recover(partition)
        await self._world.until(self._are_well, lambda: f"copies do not follow: {self._told()}")
        self._truth.set_back.clear()
        self._faults.is_calm = False

    def _copies(self, partition: int) -> list[tuple[int, Computer]]:
        """How far each copy has come, the furthest first."""
        found = [
            (replica.position.sequence, computer)
            for computer in self._world.computers
            if computer.node is not None
            and (replica := computer.node.replicas.get(partition)) is not None
        ]
        return sorted(found, key=lambda each: -each[0])

    def _has_one_all(self, ends: list[int]) -> bool:
        """Whether of each log some copy has all that will be lost."""
        for partition, (end, log) in enumerate(zip(ends, self._truth.logs, strict=True)):
            copies = self._copies(partition)
            if len(log) > end and (not copies or copies[0][0] < len(log)):
                return False
        return not self._told() and all(each.node for each in self._world.computers)

    def _told(self) -> list[str]:
        return [
            f"{computer.name}/{number}: {replica.trouble}"
            for computer in self._world.computers
            for number, replica in (computer.node.replicas.items() if computer.node else ())
            if replica.trouble
        ]

    def _are_well(self) -> bool:
        return not self._told()

    async def _recover(self, partition: int) -> None:
        _, computer = self._copies(partition)[0]
        replica = computer.node.replicas[partition] if computer.node else None
        assert replica is not None, "it was just seen"
        await self._world.until(
            lambda: bool(replica.trouble) or self._is_noticed(partition),
            lambda: f"nobody notices that {partition} was set back",
        )
        await self._surely(
            lambda operator: operator.cluster.recover(
                partition, computer.name, timeout_ms=RECOVER_MS
            )
        )

    def _is_noticed(self, partition: int) -> bool:
        """Whoever leads notices by the next write; here by leaving the lead to another."""
        lead = self._world.leader_of(partition)
        if lead is not None and not lead.is_closing:
            name = lead.lease.row.node
            others = [each.name for _, each in self._copies(partition) if each.name != name]
            [computer] = [each for each in self._world.computers if each.name == name]
            if others and computer.node is not None:
                computer.context.run(
                    lambda node: node.leading.keep(node.leading.hand_over(partition, others[0])),
                    computer.node,
                )
        return False

    # The operator

    def _operator(self) -> FloClient:
        return self._world.client("operator", timeout_ms=10_000)

    async def _surely(
        self, ask: Callable[[FloClient], Awaitable[Any]], *fine: type[FloError]
    ) -> None:
        """Ask until it is done."""
        until_s = self._world.loop.now_s + 2 * RECOVER_MS / 1000
        while self._world.loop.now_s < until_s:
            try:
                async with self._operator() as operator:
                    await ask(operator)
                    return
            except fine:
                return
            except FloError as error:
                self._world.tell(f"{self._world.loop.now_s:10.4f} the operator: {error!r}")
            await pause(0.5)
        raise AssertionError("the operator is refused for ever")
