"""Scopes against each operation, over both transports: what a token may do beyond its role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from floruntime.core import wire
from floruntime.core.action import (
    ActionBulk,
    ActionBulkOperation,
    ActionInvoke,
    ActionRegister,
    ActionStatus,
)
from floruntime.core.errors import FloError, ForbiddenError, NotFoundError
from floruntime.core.scope import ACTIONS, FOR_WEB
from floruntime.core.stream import StreamAppend, StreamCreate
from floruntime.core.token import Role
from floruntime.core.worker import (
    TaskBegun,
    TaskResult,
    WorkerExchange,
    WorkerHeartbeat,
    WorkerTurn,
)
from floruntime.core.workflow import WorkflowBulk, WorkflowBulkOperation
from floruntime.server.access.roles import _NEEDED, LOWEST, NEEDS, may
from floruntime.server.access.scopes import Scopes
from floruntime.server.connections.peer import EMBEDDED
from tests.server.access.test_roles import TRANSPORTS, Asker, reader, sample
from tests.server.wire_client import Rig

TABLE = {
    "read:kv": "KvGet KvGetEntry KvExists KvHistory KvJsonGet KvCheck KvMget KvScan KvChanges",
    "write:kv": "KvPut KvDelete KvIncr KvTouch KvJsonSet KvJsonDel KvDeletePrefix",
    "read:queue": "QueuePeek QueueGetStats QueueDlqList QueueList",
    "write:queue": (
        "QueueEnqueue QueueDequeue QueueAck QueueNack QueueTouch QueueDlqRequeue QueueDlqDelete "
        "QueueDlqPurge QueuePurge QueueConfigure QueueDelete QueuePause QueuePromote QueueBulk"
    ),
    "read:stream": "StreamRead StreamGetInfo StreamList",
    "append:stream": "StreamAppend",
    "write:stream": "StreamCreate StreamAlter StreamTrim StreamDelete",
    "group:stream": (
        "GroupCreate GroupJoin GroupLeave GroupDelete GroupSeek GroupGetInfo GroupList GroupRead "
        "GroupAck GroupNack GroupTouch GroupPending GroupDead GroupClaim GroupConfigure "
        "GroupDeadRequeue GroupDeadDelete GroupBulk"
    ),
    "read:action": "ActionGet ActionGetLimits ActionList ActionListRuns ActionCountRuns "
    "ActionStatus ActionSchedules",
    "write:action": (
        "ActionRegister ActionInvoke ActionCall ActionDelete ActionEnable ActionCancel "
        "ActionRetry ActionBulk ActionSchedule ActionUnschedule ActionPauseSchedule "
        "ActionTriggerSchedule "
        "WorkerComplete WorkerFail WorkerTouch WorkerRelease WorkerAwait WorkerRegister "
        "WorkerHeartbeat WorkerDrain WorkerDeregister WorkerExchange WorkerTurn"
    ),
    "read:workflow": (
        "WorkflowGetDefinition WorkflowListDefinitions WorkflowSchedules WorkflowListRuns "
        "WorkflowListVersions "
        "WorkflowGet WorkflowHistory WorkflowCountRuns"
    ),
    "write:workflow": (
        "WorkflowStart WorkflowEnable WorkflowUse WorkflowPauseSchedule WorkflowTriggerSchedule "
        "WorkflowSignal WorkflowCancel WorkflowRetry WorkflowFork WorkflowPause WorkflowResume "
        "WorkflowBulk"
    ),
}
"""Which scope each request needs."""
CONNECTION = (
    "Hello Ping SessionOpen OnceOpen CancelWait GetServerInfo TokenMint WhoAmI ConsoleOpen "
    "ConsoleLogin ConsoleLogout"
)
"""What needs none (a minted token's scopes are within its minter's)."""
NO_SCOPE = (
    "Backup JobGet JobList JobCancel NamespaceCreate NamespaceList NamespaceDelete "
    "NamespaceConfigure "
    "TokenCreate TokenList TokenRevoke ClusterStatus ClusterMove ClusterDrain "
    "ClusterForget ClusterImport ClusterRecover WorkflowSync WorkflowSyncPreview "
    "WorkflowValidate WorkerList Batch WorkerGetInfo"
)
"""What no token with scopes may, since it names nothing that a scope could (of a batch, the
members are judged).
"""
BY_NAME = {kind.__name__: kind for kind in wire.CLIENT_REQUESTS}
SCOPE_OF = {name: scope for scope, names in TABLE.items() for name in names.split()}
LISTINGS = {"QueueList", "StreamList", "ActionList", "WorkflowListDefinitions"} | {
    *(
        "WorkflowSchedules",
        "ActionSchedules",
        "ActionListRuns",
        "ActionCountRuns",
        "WorkflowListRuns",
        "WorkflowCountRuns",
    )
}
OF_A_RUN = {"ActionStatus", "ActionCancel", "ActionRetry", "WorkflowGet", "WorkflowHistory"} | {
    *("WorkerComplete", "WorkerFail", "WorkerTouch", "WorkerRelease"),
    *("WorkflowSignal", "WorkflowCancel", "WorkflowRetry"),
    *("WorkflowFork", "WorkflowPause", "WorkflowResume"),
}
NOT_BY_SAMPLE = {"WorkerHeartbeat", "WorkerDrain", "WorkerDeregister", "KvMget"} | {
    *("WorkerAwait", "WorkerRegister", "WorkerExchange", "WorkerTurn", "KvScan"),
    *("ActionBulk", "WorkflowBulk", "KvDeletePrefix"),
}
"""What names nothing as its sample stands: see `tests/acceptance/test_scopes.py` and below."""


def test_every_request_has_its_scope() -> None:
    missing = [kind.__name__ for kind in wire.CLIENT_REQUESTS if kind not in NEEDS]
    assert not missing, (
        f"add to src/floruntime/server/access/roles.py, in _NEEDED, under what it needs of a token "
        f"with scopes (UNSCOPED where scopes cannot name it): {missing}"
    )
    known = {*SCOPE_OF, *CONNECTION.split(), *NO_SCOPE.split()}
    untold = sorted(set(BY_NAME) - known)
    assert not untold, f"add to the table at the head of this test: {untold}"
    assert set(NEEDS) == set(wire.CLIENT_REQUESTS), "it names what no client can ask"
    assert known == set(BY_NAME), "the table at the head of this test names what there is not"


def test_no_request_stands_in_two_places() -> None:
    named = [kind for _, kinds in _NEEDED for kind in kinds]
    assert len(named) == len(set(named)) == len(NEEDS)


def test_the_table_of_scopes() -> None:
    for name, scope in SCOPE_OF.items():
        action, primitive = scope.split(":")
        assert NEEDS[BY_NAME[name]].uses == {(action, primitive)}, name
    for name in (*CONNECTION.split(), *NO_SCOPE.split()):
        assert not NEEDS[BY_NAME[name]].uses, name


def test_what_a_role_can_ever_use() -> None:
    """The scopes that are refused as useless are those that no request of the role needs."""
    for role in Role:
        used = {use for kind in LOWEST if may(role, kind) for use in NEEDS[kind].uses}
        if ("append", "stream") in used:
            used.add(("write", "stream"))
        every = {(action, primitive) for primitive in ACTIONS for action in ACTIONS[primitive]}
        assert used == (FOR_WEB if role is Role.WEB else every), role


def all_but(scope: str) -> list[str]:
    """Every scope for `x` that does not give this one; this one for another name."""
    action, primitive = scope.split(":")
    return [f"{scope}:y", f"{scope}:xx*"] + [
        f"{other}:{of}:x"
        for of in ACTIONS
        for other in ACTIONS[of]
        if not (of == primitive and (other == action or (action == "append" and other == "write")))
    ]


async def asked(
    rig: Rig, transport: Callable[[Rig, str], Asker], name: str, scopes: list[str]
) -> FloError | None:
    kind = BY_NAME[name]
    role = max(LOWEST[kind], Role.BACKEND, key=list(Role).index)
    asker = transport(rig, await rig.token(role, scopes=scopes))
    return await asker.refusal(sample(kind))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_each_request_against_its_scope_and_all_others(
    transport: Callable[[Rig, str], Asker],
) -> None:
    async with Rig() as rig:
        for name, scope in SCOPE_OF.items():
            if name == "KvCheck" or name in NOT_BY_SAMPLE:
                continue  # within batches only, or below
            refused = await asked(rig, transport, name, all_but(scope))
            if name in LISTINGS:
                assert refused is None, name
            elif name in OF_A_RUN:
                assert isinstance(refused, NotFoundError), name
            else:
                assert isinstance(refused, ForbiddenError), name
                assert scope in refused.message
                assert refused.ran == "no"
            for own in (f"{scope}:x", f"{scope}:*"):
                error = await asked(rig, transport, name, [own])
                assert not isinstance(error, ForbiddenError), f"{name}: {error}"
        assert rig.server.load.held_bytes == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_job_on_runs_names_what_they_are_of(
    transport: Callable[[Rig, str], Asker],
) -> None:
    names = ("x", None, "y")
    async with Rig() as rig:
        for scope, jobs in (
            ("write:action", [ActionBulk(ActionBulkOperation.CANCEL, name) for name in names]),
            (
                "write:workflow",
                [WorkflowBulk(WorkflowBulkOperation.CANCEL, name) for name in names],
            ),
        ):
            asker = transport(rig, await rig.token(Role.BACKEND, scopes=[f"{scope}:x"]))
            own, *others = [await asker.refusal(job) for job in jobs]
            assert not isinstance(own, ForbiddenError)
            for refused in others:
                assert isinstance(refused, ForbiddenError)
                assert scope in refused.message


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_has_no_name_needs_a_token_without_scopes(
    transport: Callable[[Rig, str], Asker],
) -> None:
    every = [f"{action}:{of}:*" for of in ACTIONS for action in ACTIONS[of]]
    async with Rig() as rig:
        await rig.token(Role.ADMIN)
        asker = transport(rig, await rig.token(Role.ADMIN, scopes=every))
        for name in NO_SCOPE.split():
            error = await asker.refusal(sample(BY_NAME[name]))
            if name != "Batch":
                assert isinstance(error, ForbiddenError), name
                assert "without" in error.message
        for name in ("Ping", "SessionOpen"):
            assert await asker.refusal(sample(BY_NAME[name])) is None


async def test_write_includes_append_and_nothing_else_includes_anything() -> None:
    scopes = Scopes(["write:stream:a", "read:kv:k:*", "append:stream:b"])
    assert scopes.allow("append", "stream", "a")
    assert scopes.allow("append", "stream", "b")
    assert not scopes.allow("write", "stream", "b")
    assert not scopes.allow("read", "stream", "a")
    assert not scopes.allow("group", "stream", "a")
    assert not scopes.allow("write", "kv", "k:1")
    assert scopes.allow("read", "kv", "k:1")
    assert scopes.allow("read", "kv", "k:")
    assert not scopes.allow("read", "kv", "k")


def test_the_spans_of_lists_overlap_nowhere() -> None:
    texts = ["read:queue:b*", "read:queue:bc", "read:queue:a", "read:queue:bd*", "read:queue:z"]
    spans = Scopes(texts).spans
    assert spans["queue"] == ((b"a", b"a\0"), (b"b", b"c"), (b"z", b"z\0"))
    assert spans["kv"] == ()
    assert Scopes(["read:queue:q", "read:queue:*"]).spans["queue"] == ((b"", b""),)
    assert Scopes(["read:queue:\x7f*", "read:queue:a"]).spans["queue"] == (
        (b"a", b"a\0"),
        (b"\x7f", b"\x80"),
    )


async def test_a_token_with_scopes_keeps_its_role_and_namespaces() -> None:
    async with Rig() as rig:
        everything = reader(rig)
        await everything.refusal(StreamCreate("chat"), namespace="shop")
        token = await rig.token(Role.WEB, namespaces=["shop"], scopes=["write:stream:*"])
        asker = TRANSPORTS[0](rig, token)
        append = StreamAppend("chat", [b"x"])
        assert await asker.refusal(append, namespace="shop") is None
        there = await asker.refusal(append, namespace="there")
        assert isinstance(there, ForbiddenError)
        assert "namespace" in there.message
        created = await asker.refusal(StreamCreate("chat"), namespace="shop")
        assert isinstance(created, ForbiddenError)
        assert "role" in created.message


async def test_a_name_is_taken_as_it_stands() -> None:
    """No pattern within a name, and no other name that looks alike."""
    async with Rig() as rig:
        token = await rig.token(Role.BACKEND, scopes=["write:action:a*b", "write:action:c:*"])
        asker = TRANSPORTS[0](rig, token)
        verdicts: dict[str, Any] = {}
        for name in ("a*b", "a*", "axb", "A*B", "c:", "c:d:e", "c"):
            verdicts[name] = await asker.refusal(ActionRegister(name)) is None
        assert [name for name, is_good in verdicts.items() if is_good] == ["a*b", "c:", "c:d:e"]


async def test_news_of_others_runs_is_as_of_none_in_a_turn() -> None:
    async with Rig() as rig:
        admin = rig.client("admin", peer=EMBEDDED)
        for name in ("mine", "theirs"):
            admin.send(ActionRegister(name))
            admin.send(ActionInvoke(name, b"x"))
        claimed = admin.send(WorkerTurn("w", ["theirs"], count=1, places=1))
        await rig.settle()
        [task] = admin.result(claimed).tasks
        client = rig.client("me", token=await rig.token("worker", scopes=["write:action:mine"]))
        news = [TaskResult(task.run_id, task.lease, b"o"), TaskResult("run-9999", 1, b"o")]
        begun = [TaskBegun(task.run_id, task.lease)]
        turn = client.send(WorkerTurn("w", ["mine"], news, begun, count=1, places=1))
        old = client.send(WorkerExchange("w", news, ["mine"], 1))
        beat = client.send(WorkerHeartbeat("w", [task.run_id, "run-9999"]))
        status = admin.send(ActionStatus(task.run_id))
        await rig.settle()
        reply = client.result(turn)
        assert reply.stale == [0, 1]
        assert [each.action for each in reply.tasks] == ["mine"]
        assert client.result(old) == []
        assert client.result(beat).cancelled == []
        assert admin.result(status).status == "running"
        for bad in (["theirs"], ["mine", "theirs"]):
            refused = client.send(WorkerTurn("w", bad, count=1))
            assert isinstance(client.error(refused), ForbiddenError)
