"""Routes are made where they can be, bounded in number, and never needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from floruntime.client.client import FloClient
from floruntime.client.link.routes import keeper
from floruntime.client.link.routes.leads import PASSED_MIN
from floruntime.client.link.token import Token
from floruntime.client.link.transports.protocol import Transport
from floruntime.core import wire
from floruntime.core.errors import UnauthorizedError
from floruntime.core.kv import KvGet
from floruntime.core.system import Welcome
from floruntime.core.terms import Told
from tests.client.fake_server import SILENCE, FakeLink, FakeServer, answer_plainly
from tests.client.virtual_time import settle, virtual


class Node(FakeServer):
    """A node of a cluster. It passes on what it does not lead, and tells where to."""

    def __init__(self, name: str, cluster: Cluster) -> None:
        super().__init__()
        self.name = name
        self.cluster = cluster
        self.sessions = cluster.sessions
        self.nodes = ["home", "a", "b"]
        self.history = "one"
        self.holder = ""
        #: Who connects waits for it.
        self.may_connect = asyncio.Event()
        self.may_connect.set()

    async def connect(self, *callbacks: Any) -> FakeLink:
        await self.may_connect.wait()
        return await super().connect(*callbacks)

    def welcome(self, known: bool) -> Welcome:
        welcome = super().welcome(known)
        return replace(welcome, history=self.history, node=self.name, holder=self.holder)

    def told(self, envelope: wire.Envelope) -> Told | None:
        leader = self.cluster.leads.get(envelope.namespace, self.name)
        wants = envelope.terms is not None and envelope.terms.routes
        return Told(0, 0, leader) if leader != self.name and wants else None

    def at(self, node: str) -> Transport | None:
        return self.cluster.nodes.get(node)

    @property
    def asked(self) -> int:
        """How often it was asked since this was last read."""
        asked = len(self.requests(KvGet))
        self.seen.clear()
        return asked


class Cluster:
    """Some nodes. A client is connected to `home`, which leads what no other does."""

    def __init__(self, *names: str) -> None:
        self.sessions: dict[str, dict[int, object]] = {}
        self.leads: dict[str, str] = {}
        self.nodes = {name: Node(name, self) for name in ("home", *names)}
        self.home = self.nodes["home"]

    def client(self, token: Token | None = None) -> FloClient:
        return FloClient("fake:9000", transport=self.home, token=token)


async def ask(client: FloClient, namespace: str, times: int = 1) -> None:
    for _ in range(times):
        await client.kv.get("k", namespace=namespace)
    await settle()


async def led(client: FloClient, namespace: str = "shop") -> None:
    """Ask until there is a route, if there can be one."""
    await ask(client, namespace, PASSED_MIN)


@virtual
async def test_what_was_passed_on_goes_straight_there() -> None:
    cluster = Cluster("a", "b")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client("secret") as client:
        await led(client)
        assert cluster.home.asked == PASSED_MIN
        await ask(client, "shop", 5)
        await ask(client, "mine", 2)
        await client.kv.put("k", b"v", namespace="shop")
        assert (cluster.home.asked, node.asked) == (2, 5)
        assert len(node.applied) == 1
        [first], [second] = cluster.home.hellos, node.hellos
        assert first == second
        cluster.leads["shop"] = "b"
        await led(client)
        assert node.asked == PASSED_MIN
        await ask(client, "shop", 5)
        assert cluster.nodes["b"].asked == 5
    assert all(link.is_closed for each in cluster.nodes.values() for link in each.links)


@virtual
async def test_a_client_whose_transport_reaches_one_endpoint_makes_none() -> None:
    cluster = Cluster("a")
    cluster.leads["shop"] = "a"
    home = cluster.home

    class Page:
        """What leads to `home` and no other, as that of a page does."""

        prepare, connect, release, quiet_ms_max = home.prepare, home.connect, home.release, 0

    async with FloClient("fake:9000", transport=Page()) as client:
        await ask(client, "shop", 2 * PASSED_MIN)
    assert cluster.nodes["a"].connects == 0
    assert home.asked == 2 * PASSED_MIN


def refused(node: Node) -> None:
    node.connect_error = OSError("unreachable")


def silent(node: Node) -> None:
    node.is_deaf = True


def unwelcome(node: Node) -> None:
    node.refusal = UnauthorizedError("not here")


def of_another_cluster(node: Node) -> None:
    node.history = "another"


def alone(node: Node) -> None:
    node.nodes = []


def of_another_holder(node: Node) -> None:
    node.holder = "somebody else"


def no_address(node: Node) -> None:
    del node.cluster.nodes[node.name]


@virtual
@pytest.mark.parametrize(
    "fault",
    [refused, silent, unwelcome, of_another_cluster, alone, of_another_holder, no_address],
)
async def test_where_none_can_be_made_calls_are_passed_on(fault: Callable[[Node], None]) -> None:
    cluster = Cluster("a")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    fault(node)
    async with cluster.client() as client:
        for _ in range(5):
            await led(client)
        await asyncio.sleep(keeper.OPEN_S_MAX)
        assert cluster.home.asked == 5 * PASSED_MIN
        assert node.asked == 0
        assert node.connects <= 1  # it is not tried again at once
        assert all(link.is_closed for link in node.links)


@virtual
async def test_a_node_that_could_not_be_reached_is_tried_again_more_and_more_rarely() -> None:
    cluster = Cluster("a")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    refused(node)
    async with cluster.client() as client:
        for _ in range(200):
            await led(client)
            await asyncio.sleep(1)
        assert 5 <= node.connects <= 8
        node.connect_error = None
        await asyncio.sleep(keeper.AGAIN_S_MAX)
        await led(client)
        node.seen.clear()
        await ask(client, "shop", 3)
        assert node.asked == 3


@virtual
async def test_a_route_that_breaks_loses_and_doubles_nothing() -> None:
    cluster = Cluster("a")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client() as client:
        await led(client)
        node.loses_answers = True
        put = asyncio.ensure_future(client.kv.put("k", b"v", namespace="shop"))
        get = asyncio.ensure_future(client.kv.get("k", namespace="shop"))
        await settle()
        assert len(node.applied) == 1
        node.drop_links()
        await asyncio.gather(put, get)
        assert cluster.home.applied == []
        assert len(cluster.home.hellos) == 1
        node.loses_answers = False
        await led(client)
        assert len(node.hellos) == 1  # it waits a moment
        await asyncio.sleep(keeper.AGAIN_S_MIN)
        await led(client)
        assert len(node.hellos) == 2


@virtual
async def test_one_that_gives_no_sign_of_life_is_given_up() -> None:
    cluster = Cluster("a")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client() as client:
        await led(client)
        node.script = lambda envelope: SILENCE
        node.answers_probes = False
        await client.kv.get("k", namespace="shop")
        assert len(cluster.home.hellos) == 1


@virtual
async def test_one_that_nothing_uses_is_let_go_and_made_again() -> None:
    cluster = Cluster("a")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client() as client:
        await led(client)
        await asyncio.sleep(0.9 * keeper.IDLE_S)
        await ask(client, "shop")
        await asyncio.sleep(0.9 * keeper.IDLE_S)
        assert not node.links[0].is_closed
        await asyncio.sleep(1.2 * keeper.IDLE_S)
        assert node.links[0].is_closed
        await ask(client, "shop", 2)
        assert node.connects == 2


@virtual
async def test_a_client_has_a_bounded_number_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "ROUTES_MAX", 2)
    cluster = Cluster("a", "b", "c")
    cluster.leads = {"sa": "a", "sb": "b", "sc": "c"}
    async with cluster.client() as client:
        for namespace in cluster.leads:
            await led(client, namespace)
        assert [cluster.nodes[name].connects for name in "abc"] == [1, 1, 0]


async def up_while_the_first_link_is_down(client: FloClient, cluster: Cluster) -> None:
    """A route that was asked for comes up while the first link is made again."""
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    node.may_connect.clear()
    await led(client)
    cluster.home.drop_links()
    node.may_connect.set()
    await settle()
    assert not node.links[0].is_closed


@virtual
async def test_they_end_where_the_client_is_another_one_to_the_cluster() -> None:
    cluster = Cluster("a")
    node, home = cluster.nodes["a"], cluster.home
    async with cluster.client() as client:
        await up_while_the_first_link_is_down(client, cluster)
        home.holder = "somebody else"
        await ask(client, "shop")
        await settle()
        assert node.links[0].is_closed
        node.holder = "somebody else"
        await led(client)
        assert [len(set(map(id, each.hellos))) for each in (home, node)] == [2, 2]


@virtual
async def test_they_end_where_the_server_refuses_the_client_for_good() -> None:
    cluster = Cluster("a")
    node, home = cluster.nodes["a"], cluster.home
    async with cluster.client("secret") as client:
        await up_while_the_first_link_is_down(client, cluster)
        home.refusal = UnauthorizedError("revoked")
        with pytest.raises(UnauthorizedError):
            await ask(client, "other")
        await settle()
        assert node.links[0].is_closed


# Where the first link is lost


@virtual
async def test_a_route_takes_the_place_of_the_first_link_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = Cluster("a", "b")
    home, node = cluster.home, cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client() as client:
        await led(client)
        told: list[str] = []
        client.on_disconnect(lambda error: told.append("lost"))
        client.on_connect(lambda: told.append("up"))
        await client.kv.put("k", b"v")
        home.connect_error = OSError("it is gone")
        begun_s = asyncio.get_running_loop().time()
        home.loses_answers = True
        mine = asyncio.ensure_future(client.kv.put("k", b"v", namespace="mine"))
        await settle()
        home.drop_links()
        await mine
        await client.kv.put("k", b"v", namespace="shop")
        assert asyncio.get_running_loop().time() == begun_s
        assert (len(home.applied), len(node.applied)) == (2, 1)  # no write happened twice
        assert client.is_connected
        assert told == ["lost", "up"]
        assert "continuing through node a" in caplog.text
        assert home.connects == node.connects == 1
        cluster.leads["shop"] = "b"
        await led(client)
        await ask(client, "shop", 3)
        assert cluster.nodes["b"].asked == 3
        await asyncio.sleep(3 * keeper.IDLE_S)
        assert not node.links[0].is_closed  # it is no route any more
    assert node.links[0].is_closed


@virtual
async def test_what_is_under_way_on_it_is_not_sent_again() -> None:
    cluster = Cluster("a")
    home, node = cluster.home, cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client() as client:
        await led(client)
        node.script = lambda envelope: SILENCE
        waiting = asyncio.ensure_future(client.kv.get("k", namespace="shop"))
        await settle()
        home.drop_links()
        await settle()
        [asked] = node.requests(KvGet)
        assert asked.key == "k"
        node.script = answer_plainly
        node.drop_links()  # and what is under way there is now under way on the first link
        assert await waiting == b"k"
        assert len(home.hellos) == 2


@virtual
async def test_the_one_that_was_used_last_takes_it() -> None:
    cluster = Cluster("a", "b")
    cluster.leads = {"sa": "a", "sb": "b"}
    async with cluster.client() as client:
        await led(client, "sa")
        await led(client, "sb")
        await asyncio.sleep(1)
        await ask(client, "sa")
        cluster.home.drop_links()
        for node in cluster.nodes.values():
            node.seen.clear()
        await ask(client, "other", 2)
        assert cluster.nodes["a"].asked == 2
        await ask(client, "sb", 2)
        assert cluster.nodes["b"].asked == 2
        assert cluster.home.connects == 1


@virtual
async def test_a_session_that_was_opened_after_the_route_greeted_is_kept() -> None:
    cluster = Cluster("a")
    node = cluster.nodes["a"]
    cluster.leads["shop"] = "a"
    async with cluster.client() as client:
        await led(client)  # no write yet: nobody knows the session when the route greets
        await client.kv.put("k", b"v")
        cluster.home.drop_links()
        await client.kv.put("k", b"w")
        assert (len(cluster.home.applied), len(node.applied)) == (1, 1)
        assert len(cluster.sessions) == 1
