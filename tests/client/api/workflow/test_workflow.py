"""`client.workflow`: what is asked, with which defaults, and what is answered."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from floruntime import (
    ConflictError,
    FloClient,
    NotFoundError,
    Severity,
    SyncAction,
    WorkflowStatus,
)
from floruntime.client.api.workflow.workflow import Workflow
from floruntime.core import limits
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.workflow import (
    DefinitionListReply,
    HistoryReply,
    ScheduleListReply,
    SyncResult,
    WorkflowCancel,
    WorkflowEnable,
    WorkflowFork,
    WorkflowGet,
    WorkflowGetDefinition,
    WorkflowHistory,
    WorkflowListDefinitions,
    WorkflowListRuns,
    WorkflowPause,
    WorkflowPauseSchedule,
    WorkflowResume,
    WorkflowRetry,
    WorkflowRunListReply,
    WorkflowSchedules,
    WorkflowSignal,
    WorkflowStart,
    WorkflowStarted,
    WorkflowSync,
    WorkflowTriggerSchedule,
    WorkflowValidate,
)
from floruntime.testing import FloTestServer
from tests.client.recorder import Asked, RecordingCaller
from tests.client.workflow_texts import FAILING, SCHEDULED, waiting

SYNCED = SyncResult("flow", "1", SyncAction.CREATED)


@pytest.fixture(params=["memory", "tcp"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[FloClient]:
    if request.param == "memory":
        async with FloClient("memory://") as client:
            yield client
    else:
        async with FloTestServer() as server, server.client() as client:
            yield client


# What is asked


async def test_what_is_asked_of_runs_that_are_there() -> None:
    caller = RecordingCaller("n", "n", None, None)
    workflow = Workflow(caller)
    assert await workflow.fork("r", "ship") == "n"
    await workflow.fork("r", "ship", input={"a": 1}, version="2", new_run_id="n")
    await workflow.pause("r", "why")
    await workflow.resume("r")
    assert caller.asked == [
        Asked(WorkflowFork("r", "ship"), None, 0),
        Asked(WorkflowFork("r", "ship", b'{"a":1}', "2", "n"), None, 0),
        Asked(WorkflowPause("r", "why"), None, 0),
        Asked(WorkflowResume("r"), None, 0),
    ]


async def test_defaults_are_those_of_the_page_of_the_api() -> None:
    caller = RecordingCaller(
        *([SYNCED], [SYNCED], [], WorkflowStarted("r", True), *[None] * 5),
        *(HistoryReply([], None), WorkflowRunListReply([], None), DefinitionListReply([], None)),
        *(None, None, None, ScheduleListReply([], None), None, None, "r"),
    )
    workflow = Workflow(caller)
    assert await workflow.sync("text") == SYNCED
    assert await workflow.sync_bytes(b"data") == SYNCED
    assert await workflow.validate("text") == []
    assert await workflow.start("flow") == "r"
    await workflow.status("r")
    await workflow.wait("r")
    await workflow.signal("r", "go")
    await workflow.cancel("r")
    await workflow.retry("r")
    await workflow.history("r")
    await workflow.list_runs()
    await workflow.list_definitions()
    await workflow.get_definition("flow")
    await workflow.disable("flow")
    await workflow.enable("flow")
    await workflow.schedules()
    await workflow.pause_schedule("flow")
    await workflow.resume_schedule("flow")
    assert await workflow.trigger_schedule("flow") == "r"
    assert caller.asked == [
        Asked(WorkflowSync([b"text"]), None, 0),
        Asked(WorkflowSync([b"data"]), None, 0),
        Asked(WorkflowValidate(b"text"), None, 0),
        Asked(WorkflowStart("flow", b"null"), None, 0),
        Asked(WorkflowGet("r"), None, 0),
        Asked(WorkflowGet("r", 30_000), None, 30_000),
        Asked(WorkflowSignal("r", "go", b""), None, 0),
        Asked(WorkflowCancel("r", None), None, 0),
        Asked(WorkflowRetry("r"), None, 0),
        Asked(WorkflowHistory("r", 100, None), None, 0),
        Asked(WorkflowListRuns(None, None, {}, 100, None), None, 0),
        Asked(WorkflowListDefinitions(100, None), None, 0),
        Asked(WorkflowGetDefinition("flow", None), None, 0),
        Asked(WorkflowEnable("flow", False), None, 0),
        Asked(WorkflowEnable("flow", True), None, 0),
        Asked(WorkflowSchedules(100, None), None, 0),
        Asked(WorkflowPauseSchedule("flow", True), None, 0),
        Asked(WorkflowPauseSchedule("flow", False), None, 0),
        Asked(WorkflowTriggerSchedule("flow"), None, 0),
    ]


async def test_every_argument_reaches_the_server() -> None:
    caller = RecordingCaller(
        *(WorkflowStarted("r", True), None, None, None, HistoryReply([], "h")),
        *(WorkflowRunListReply([], "c"), DefinitionListReply([], None), None),
        ScheduleListReply([], None),
    )
    workflow = Workflow(caller)
    at: dict[str, Any] = {"namespace": "n"}
    await workflow.start("flow", [1], version="2", idempotency_key="k", run_id="mine", **at)
    await workflow.wait("r", block_ms=7, **at)
    await workflow.signal("r", "go", {"by": "ada"}, **at)
    await workflow.cancel("r", "why", **at)
    assert (await workflow.history("r", limit=5, cursor="x", **at)).has_more
    page = await workflow.list_runs(
        workflow_name="flow", status="failed", search={"order": 7}, limit=6, cursor="y", **at
    )
    await workflow.list_definitions(limit=7, cursor="z", **at)
    await workflow.get_definition("flow", version="2", **at)
    await workflow.schedules(limit=8, cursor="w", **at)
    assert caller.requests == [
        WorkflowStart("flow", b"[1]", "2", "k", "mine"),
        WorkflowGet("r", 7),
        WorkflowSignal("r", "go", b'{"by":"ada"}'),
        WorkflowCancel("r", "why"),
        WorkflowHistory("r", 5, "x"),
        WorkflowListRuns("flow", WorkflowStatus.FAILED, {"order": 7}, 6, "y"),
        WorkflowListDefinitions(7, "z"),
        WorkflowGetDefinition("flow", "2"),
        WorkflowSchedules(8, "w"),
    ]
    assert {each.namespace for each in caller.asked} == {"n"}
    assert page.cursor == "c"


@dataclasses.dataclass
class Order:
    id: str


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, b"null"),
        (b'{"a": 1}', b'{"a": 1}'),
        (bytearray(b"[]"), b"[]"),
        ('{"a": "ä"}', '{"a": "ä"}'.encode()),
        ({"a": ["ä", 1.5, None]}, '{"a":["ä",1.5,null]}'.encode()),
        (7, b"7"),
        (False, b"false"),
        (Order("x"), b'{"id":"x"}'),
    ],
    ids=repr,
)
async def test_input_is_json_text_or_becomes_it(given: Any, sent: bytes) -> None:
    caller = RecordingCaller(WorkflowStarted("r", True), None)
    await Workflow(caller).start("flow", given)
    await Workflow(caller).signal("r", "go", given)
    assert caller.requests == [
        WorkflowStart("flow", sent),
        WorkflowSignal("r", "go", b"" if given is None else sent),
    ]


async def test_what_cannot_be_right_is_refused_before_it_is_sent() -> None:
    workflow = Workflow(RecordingCaller())
    with pytest.raises(BadRequestError, match=r"status is 'done'.*completed"):
        await workflow.list_runs(status="done")
    with pytest.raises(BadTypeError, match=r"'order' is list"):
        await workflow.list_runs(search={"order": [7]})  # type: ignore[dict-item]  # it is refused
    with pytest.raises(BadRequestError, match="input cannot be written as JSON"):
        await workflow.start("flow", {"a": float("nan")})
    with pytest.raises(BadRequestError, match="data cannot be written as JSON"):
        await workflow.signal("r", "go", object())
    with pytest.raises(BadTypeError, match="bytes or str, not dict"):
        await workflow.sync({"kind": "Workflow"})  # type: ignore[arg-type]  # it is refused


# Files


async def test_sync_dir_takes_yaml_files_in_order_and_no_others(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.txt", ".hidden.yaml"):
        (tmp_path / name).write_text(name)
    (tmp_path / "more.yaml").mkdir()
    (tmp_path / "more.yaml" / "d.yaml").write_text("d")
    caller = RecordingCaller([SYNCED, SYNCED])
    assert await Workflow(caller).sync_dir(tmp_path, namespace="n") == [SYNCED, SYNCED]
    assert caller.asked == [Asked(WorkflowSync([b"a.yml", b"b.yaml"]), "n", 0)]


async def test_an_empty_directory_asks_nothing_and_a_missing_one_is_said_to_be(
    tmp_path: Path,
) -> None:
    workflow = Workflow(RecordingCaller())
    assert await workflow.sync_dir(tmp_path) == []
    with pytest.raises(FileNotFoundError, match="nowhere"):
        await workflow.sync_dir(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        await workflow.sync_file(str(tmp_path / "nowhere.yaml"))


async def test_a_directory_is_taken_over_as_a_whole_or_not_at_all(
    client: FloClient, tmp_path: Path
) -> None:
    (tmp_path / "good.yaml").write_text(waiting(name="good"))
    (tmp_path / "bad.yaml").write_text(waiting(name="bad", more="nonsense: 1\n"))
    with pytest.raises(BadRequestError) as refusal:
        await client.workflow.sync_dir(tmp_path)
    bad = str(tmp_path / "bad.yaml")
    assert refusal.value.message.startswith(f"{bad}: line ")
    assert {problem.file for problem in refusal.value.problems} == {bad}
    assert list(await client.workflow.list_definitions()) == []
    (tmp_path / "bad.yaml").write_text(waiting(name="bad"))
    results = await client.workflow.sync_dir(tmp_path)
    assert [(each.name, each.action) for each in results] == [
        ("bad", SyncAction.CREATED),
        ("good", SyncAction.CREATED),
    ]
    again = await client.workflow.sync_dir(str(tmp_path))
    assert [each.action for each in again] == [SyncAction.UNCHANGED] * 2


async def test_warnings_and_problems_of_a_file_name_it(client: FloClient, tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(FAILING)
    result = await client.workflow.sync_file(path)
    assert [warning.file for warning in result.warnings] == [str(path)]
    assert "'missing'" in result.warnings[0].message
    path.write_text("kind: Nothing\n")
    with pytest.raises(BadRequestError, match=r"flow\.yaml: line") as refusal:
        await client.workflow.sync_file(str(path))
    assert all(problem.file == str(path) for problem in refusal.value.problems)


async def test_a_file_that_is_too_large_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(waiting(name="a"))
    (tmp_path / "b.yaml").write_text("#" * 2_000)
    async with FloTestServer(value_bytes_max=1_000) as server, server.client() as client:
        with pytest.raises(BadRequestError, match=r"b\.yaml: .*2000 bytes"):
            await client.workflow.sync_dir(tmp_path)


# What is answered


async def test_a_sync_that_is_refused_tells_all_problems(client: FloClient) -> None:
    text = waiting(more="nonsense: 1\n")
    problems = await client.workflow.validate(text)
    [error] = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert "nonsense" in error.message
    with pytest.raises(BadRequestError) as refusal:
        await client.workflow.sync(text)
    assert refusal.value.problems == problems
    assert refusal.value.ran == "no"
    assert problems[0].file is None


async def test_wait_answers_in_the_moment_of_the_end_and_as_it_stands_when_the_time_is_up() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.workflow.sync(waiting())
        run_id = await client.workflow.start("flow")
        early = asyncio.ensure_future(client.workflow.wait(run_id, block_ms=1_000))
        late = asyncio.ensure_future(client.workflow.wait(run_id, block_ms=60_000))
        await client.workflow.signal(run_id, "go")
        await server.advance(999)
        assert not early.done()
        await server.advance(1)
        run = await early
        assert (run.status, run.current_step) == (WorkflowStatus.WAITING, "again")
        assert not late.done()
        await client.workflow.cancel(run_id, "no more")
        assert (await late).status is WorkflowStatus.CANCELLED
        assert (await client.workflow.wait(run_id)).error == "no more"
        with pytest.raises(ConflictError):
            await client.workflow.cancel(run_id)
        with pytest.raises(NotFoundError):
            await client.workflow.wait("nope")


async def test_a_block_over_the_limit_is_refused_naming_the_limit(client: FloClient) -> None:
    with pytest.raises(BadRequestError, match=str(limits.BLOCK_MS_MAX)):
        await client.workflow.wait("r", block_ms=limits.BLOCK_MS_MAX + 1)


async def test_following_shows_every_event_to_the_end(client: FloClient) -> None:
    await client.workflow.sync(waiting())
    run_id = await client.workflow.start("flow")
    follower = client.workflow.follow(run_id)
    first = await anext(follower)
    assert (first.sequence, first.type) == (1, "workflow_started")
    for _ in range(2):
        await client.workflow.signal(run_id, "go")
    rest = [event async for event in follower]
    assert [first, *rest] == list(await client.workflow.history(run_id))
    assert rest[-1].type == "workflow_completed"
    after = [event.sequence async for event in client.workflow.follow(run_id, after=5)]
    assert after == list(range(6, rest[-1].sequence + 1))
    assert [event async for event in client.workflow.follow(run_id, after=after[-1])] == []


async def test_following_a_run_that_failed_and_was_retried_goes_to_its_last_end(
    client: FloClient,
) -> None:
    await client.workflow.sync(FAILING)
    run_id = await client.workflow.start("flow")
    await client.workflow.retry(run_id)
    types = [event.type async for event in client.workflow.follow(run_id)]
    assert types.count("workflow_failed") == 2
    assert types[-1] == "workflow_failed"


async def test_following_waits_for_what_comes_and_may_be_ended() -> None:
    async with FloTestServer() as server, server.client() as client:
        await client.workflow.sync(waiting())
        run_id = await client.workflow.start("flow")
        follower = client.workflow.follow(run_id)
        for _ in range(3):
            await anext(follower)
        waiting_for_more = asyncio.ensure_future(anext(follower))
        await server.advance(100_000)
        assert not waiting_for_more.done()
        await client.workflow.signal(run_id, "other")
        assert (await waiting_for_more).type == "signal_received"
        await follower.aclose()
        assert [event async for event in follower] == []
        with pytest.raises(NotFoundError):
            await anext(client.workflow.follow("nope"))


async def test_start_signal_and_cancel_are_part_of_a_batch(client: FloClient) -> None:
    await client.workflow.sync(waiting())
    first = await client.workflow.start("flow")
    second = await client.workflow.start("flow")
    async with client.batch() as b:
        b.workflow.start("flow", {"order": 42}, run_id="mine")
        b.workflow.signal("mine", "go", {"by": "ada"})
        b.workflow.signal(first, "go")
        b.workflow.cancel(second, "instead")
    assert b.results[:3] == ["mine", None, None]
    assert b.results[3].status is WorkflowStatus.CANCELLED
    assert (await client.workflow.status("mine")).input == b'{"order":42}'
    for run_id in ("mine", first):
        assert (await client.workflow.status(run_id)).current_step == "again"
    b = client.batch()
    b.workflow.start("flow", run_id="not made")
    b.workflow.signal(second, "go")
    with pytest.raises(ConflictError) as refusal:
        async with b:
            pass
    assert refusal.value.index == 1
    with pytest.raises(NotFoundError):
        await client.workflow.status("not made")
    with pytest.raises(AttributeError, match=r"no workflow\.sync"):
        client.batch().workflow.sync("text")  # type: ignore[attr-defined]  # no write of a batch


async def test_namespaces_do_not_see_each_other(client: FloClient) -> None:
    await client.workflow.sync(SCHEDULED, namespace="a")
    run_id = await client.workflow.start("flow", namespace="a")
    assert list(await client.workflow.list_definitions()) == []
    assert list(await client.workflow.list_runs()) == []
    assert list(await client.workflow.schedules()) == []
    assert await client.workflow.get_definition("flow") is None
    with pytest.raises(NotFoundError):
        await client.workflow.status(run_id)
    with pytest.raises(NotFoundError):
        await client.workflow.start("flow")
    [schedule] = await client.workflow.schedules(namespace="a")
    assert schedule.name == "flow"


async def test_a_dry_run_tells_and_does_nothing(tmp_path: Path) -> None:
    text = 'kind: Workflow\nname: w\nversion: "1"\nstart: {waitForSignal: {type: go}, %s}\n'
    old = text % "transitions: {success: flo.Completed}"
    new = text % "transitions: {success: flo.Failed}"
    (tmp_path / "w.yaml").write_text(new)  # a few bytes
    async with FloClient("memory://") as client:
        sync = client.workflow
        assert (await sync.sync(old, dry_run=True)).action == "created"
        assert list(await sync.list_definitions()) == []
        await sync.sync(old)
        [in_directory] = await sync.sync_dir(tmp_path, dry_run=True)
        for result in (
            await sync.sync(new, dry_run=True),
            await sync.sync_bytes(new.encode(), dry_run=True),
            await sync.sync_file(tmp_path / "w.yaml", dry_run=True),
            in_directory,
        ):
            assert (result.action, result.current) == ("refused", old)
        with pytest.raises(BadRequestError, match="dry_run must be true or false, not str"):
            await sync.sync(new, dry_run="yes")  # type: ignore[arg-type]  # not allowed
