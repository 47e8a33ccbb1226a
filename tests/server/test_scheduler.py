"""The scheduler at work in a server, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from floruntime import ActionContext, ActionWorker, FloClient
from floruntime.engine.workflow.language.definition import Schedule
from floruntime.server import scheduler
from floruntime.server.calendar import Calendar, calendar_of
from floruntime.testing import FloTestServer

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
EVERY_MINUTE = "cron: '* * * * *', overlap: allow"


def document(schedule: str, *, name: str = "flow", version: str = "1") -> str:
    return f"""
kind: Workflow
name: {name}
version: "{version}"
schedule: {{{schedule}}}
start:
  waitForSignal: {{type: done}}
  transitions: {{success: flo.Completed, timeout: flo.Completed}}
"""


class Scheduled:
    """A server with one scheduled workflow, and what it started."""

    def __init__(self, server: FloTestServer, client: FloClient) -> None:
        self.server = server
        self.client = client

    @property
    def now_ms(self) -> int:
        return self.server.now_ms

    async def sync(self, schedule: str, **more: str) -> None:
        await self.client.workflow.sync(document(schedule, **more))
        await self.server.settle()

    async def started(self, name: str = "flow") -> list[int]:
        """The nominal times of its runs, earliest first."""
        runs = await self.client.workflow.list_runs(workflow_name=name, limit=1000)
        return sorted(int(run.run_id.partition("@")[2]) for run in runs)

    async def next_ms(self) -> int | None:
        [info] = await self.client.workflow.schedules()
        return info.next_run_at_ms

    async def be_down(self, ms: int) -> None:
        """Stop the server; start it again so much later."""
        await self.server.stop()
        while self.server.clock.run_next(self.now_ms + ms):
            pass
        await self.server.start()
        await self.server.settle()


@asynccontextmanager
async def scheduled(schedule: str, data_dir: Path | None = None) -> AsyncIterator[Scheduled]:
    server = FloTestServer(None if data_dir is None else str(data_dir))
    async with server, server.client(timeout_ms=60_000) as client:
        flows = Scheduled(server, client)
        await flows.sync(schedule)
        yield flows


async def test_a_cron_schedule_starts_a_run_at_each_of_its_times() -> None:
    async with scheduled(EVERY_MINUTE) as flows:
        first = flows.now_ms - flows.now_ms % MINUTE_MS + MINUTE_MS
        assert await flows.next_ms() == first
        await flows.server.advance(first - flows.now_ms - 1)
        assert await flows.started() == []
        await flows.server.advance(1)
        assert await flows.started() == [first]
        await flows.server.advance(10 * MINUTE_MS)
        assert await flows.started() == [first + n * MINUTE_MS for n in range(11)]
        runs = await flows.client.workflow.list_runs()
        assert [run.created_at_ms for run in reversed(runs)] == await flows.started()


async def test_an_interval_counts_from_when_it_was_synced() -> None:
    async with scheduled("interval: 90000, overlap: allow") as flows:
        synced_ms = flows.now_ms
        await flows.server.advance(4 * 90_000 - 1)
        assert await flows.started() == [synced_ms + n * 90_000 for n in (1, 2, 3)]
        await flows.sync("interval: 90000, overlap: allow, input: {a: 1}", version="2")
        await flows.server.advance(1)
        assert len(await flows.started()) == 4
        await flows.server.advance(10)
        await flows.sync("interval: 60000, overlap: allow", version="3")
        assert await flows.next_ms() == flows.now_ms + 60_000


async def test_a_schedule_keeps_its_zones_time() -> None:
    async with scheduled("cron: '30 2 * * *', timezone: Europe/Berlin, overlap: allow") as flows:
        zone = ZoneInfo("Europe/Berlin")
        march = int(datetime(2024, 3, 29, 12, tzinfo=zone).timestamp() * 1000)
        await flows.server.advance(march - flows.now_ms)
        before = set(await flows.started())
        await flows.server.advance(4 * DAY_MS)
        times = [
            datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).isoformat()
            for ms in sorted(set(await flows.started()) - before)
        ]
        assert times == [
            "2024-03-30T02:30:00+01:00",
            "2024-03-31T03:00:00+02:00",
            "2024-04-01T02:30:00+02:00",
            "2024-04-02T02:30:00+02:00",
        ]


async def test_in_autumns_second_hour_nothing_is_due_that_was_before(tmp_path: Path) -> None:
    """A server that comes back then, and a schedule that wakes then."""
    zone = ZoneInfo("Europe/Berlin")
    async with scheduled("cron: '30 2 * * *', timezone: Europe/Berlin", tmp_path) as flows:
        await flows.client.workflow.pause_schedule("flow")
        first = int(datetime(2024, 10, 27, 2, 30, tzinfo=zone).timestamp() * 1000)
        await flows.server.advance(first - flows.now_ms - MINUTE_MS)
        await flows.client.workflow.resume_schedule("flow")
        await flows.server.advance(2 * MINUTE_MS)
        assert await flows.started() == [first]
        for _ in range(2):
            await flows.be_down(30 * MINUTE_MS)  # 02:01 and 02:31 for the second time
            commands = flows.server.server.commit.commands_total
            await flows.server.advance(MINUTE_MS)
            assert flows.server.server.commit.commands_total - commands < 10
            await flows.client.workflow.pause_schedule("flow")
            await flows.client.workflow.resume_schedule("flow")
            await flows.server.settle()
            assert await flows.next_ms() == first + 25 * HOUR_MS
        assert await flows.started() == [first]


# Overlap and changes


async def test_by_default_a_time_is_skipped_while_its_run_goes_on() -> None:
    async with scheduled("cron: '* * * * *'") as flows:
        await flows.server.advance(5 * MINUTE_MS)
        [nominal_ms] = await flows.started()
        [info] = await flows.client.workflow.schedules()
        assert (info.running, info.skipped_total) == (1, 4)
        await flows.client.workflow.signal(f"flow@{nominal_ms}", "done")
        await flows.server.advance(MINUTE_MS)
        assert len(await flows.started()) == 2


async def test_a_paused_schedule_makes_up_for_nothing() -> None:
    async with scheduled(EVERY_MINUTE) as flows:
        await flows.server.advance(2 * MINUTE_MS)
        before = await flows.started()
        await flows.client.workflow.pause_schedule("flow")
        await flows.server.advance(HOUR_MS)
        assert await flows.started() == before
        await flows.client.workflow.resume_schedule("flow")
        await flows.server.settle()
        assert await flows.started() == before
        await flows.server.advance(MINUTE_MS)
        assert len(await flows.started()) == len(before) + 1


async def test_a_disabled_workflow_makes_up_for_nothing() -> None:
    async with scheduled(EVERY_MINUTE) as flows:
        await flows.client.workflow.disable("flow")
        await flows.server.advance(HOUR_MS)
        await flows.client.workflow.enable("flow")
        await flows.server.settle()
        assert await flows.started() == []
        await flows.server.advance(MINUTE_MS)
        assert len(await flows.started()) == 1


async def test_a_new_version_with_other_times_counts_at_once() -> None:
    async with scheduled("cron: '0 0 1 1 *'") as flows:
        await flows.sync(EVERY_MINUTE, version="2")
        await flows.server.advance(3 * MINUTE_MS)
        assert len(await flows.started()) == 3


async def test_many_schedules_are_kept_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one look deals with are looked at right after."""
    monkeypatch.setattr(scheduler, "PER_LOOK_MAX", 3)
    async with scheduled(EVERY_MINUTE) as flows:
        for n in range(10):
            await flows.sync("cron: '* * * * *'", name=f"w{n}")
        await flows.server.advance(MINUTE_MS)
        assert len(await flows.client.workflow.list_runs()) == 11


async def test_a_schedule_goes_with_its_namespace_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scheduler, "PER_LOOK_MAX", 1)
    async with scheduled("cron: '0 0 1 1 *'") as flows:
        for n in range(3):
            text = document("cron: '* * * * *'", name=f"w{n}")
            await flows.client.workflow.sync(text, namespace="gone")
        await flows.sync(EVERY_MINUTE, version="2")
        await flows.client.namespaces.delete("gone", force=True)
        await flows.server.advance(2 * MINUTE_MS)
        assert len(await flows.started()) == 2


async def test_a_schedule_that_cannot_be_kept_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with scheduled(EVERY_MINUTE) as flows:

        def broken(spec: Schedule, anchor_ms: int) -> Calendar:
            if spec.interval is not None:
                raise ValueError("no such zone any more")
            return calendar_of(spec, anchor_ms)

        monkeypatch.setattr("floruntime.server.scheduler.calendar_of", broken)
        await flows.sync("interval: 1000", name="broken")
        await flows.server.advance(2 * MINUTE_MS)
        assert len(await flows.started()) == 2
        assert await flows.started("broken") == []
        assert "cannot be computed" in caplog.text


# Downtime


@pytest.mark.parametrize(
    ("down_ms", "is_made_up_for"),
    [
        (MINUTE_MS, True),
        (HOUR_MS + 50_000, True),
        (HOUR_MS + MINUTE_MS, True),
        (HOUR_MS + MINUTE_MS + 1, False),
        (3 * HOUR_MS + 30_000, True),
        (3 * HOUR_MS + 30 * MINUTE_MS, False),
    ],
)
async def test_after_downtime_the_last_time_is_made_up_for_if_it_is_not_long_ago(
    down_ms: int, is_made_up_for: bool, tmp_path: Path
) -> None:
    async with scheduled("cron: '0 * * * *', overlap: allow", tmp_path) as flows:
        to_hour_ms = HOUR_MS - flows.now_ms % HOUR_MS
        await flows.server.advance(to_hour_ms + HOUR_MS)
        before = await flows.started()
        began_ms = flows.now_ms
        await flows.be_down(down_ms)
        last_ms = flows.now_ms - flows.now_ms % HOUR_MS
        made_up = [last_ms] if is_made_up_for and last_ms > began_ms else []
        assert await flows.started() == before + made_up
        assert await flows.next_ms() == last_ms + HOUR_MS
        await flows.server.advance(last_ms + HOUR_MS - flows.now_ms)
        assert await flows.started() == [*before, *made_up, last_ms + HOUR_MS]


@pytest.mark.parametrize(("down_ms", "times"), [(3_600_000, 1), (6_600_001, 0), (3_599_000, 1)])
async def test_how_long_ago_is_the_schedules_to_say(
    down_ms: int, times: int, tmp_path: Path
) -> None:
    async with scheduled("interval: 7200000, catch_up_ms: 3000000", tmp_path) as flows:
        await flows.server.advance(HOUR_MS + 1000)
        await flows.be_down(down_ms)
        assert len(await flows.started()) == times


async def test_without_catching_up_a_time_that_has_just_come_still_counts(tmp_path: Path) -> None:
    async with scheduled("interval: 7200000, catch_up_ms: 0, overlap: allow", tmp_path) as flows:
        await flows.server.advance(2 * HOUR_MS - 1)
        await flows.be_down(scheduler.LATE_MS + 1)
        assert len(await flows.started()) == 1
        await flows.server.advance(2 * HOUR_MS - scheduler.LATE_MS - 1)
        await flows.be_down(scheduler.LATE_MS + 2)
        assert len(await flows.started()) == 1


async def test_a_run_that_was_started_before_the_restart_is_not_started_again(
    tmp_path: Path,
) -> None:
    async with scheduled(EVERY_MINUTE, tmp_path) as flows:
        await flows.server.advance(MINUTE_MS)
        for _ in range(3):
            await flows.be_down(0)
        assert len(await flows.started()) == 1


async def test_a_buffered_time_outlives_a_restart(tmp_path: Path) -> None:
    async with scheduled("cron: '* * * * *', overlap: buffer_one", tmp_path) as flows:
        await flows.server.advance(2 * MINUTE_MS)
        [first] = await flows.started()
        await flows.be_down(10)
        await flows.client.workflow.signal(f"flow@{first}", "done")
        assert await flows.started() == [first, first + MINUTE_MS]


# Jitter, disk


async def test_jitter_moves_the_run_and_not_its_nominal_time(tmp_path: Path) -> None:
    schedule = "interval: 60000, jitter_ms: 30000, overlap: allow"
    async with scheduled(schedule, tmp_path) as flows:
        began_ms = flows.now_ms
        await flows.server.advance(10 * MINUTE_MS + 31_000)
        assert await flows.started() == [began_ms + n * MINUTE_MS for n in range(1, 11)]
        runs = await flows.client.workflow.list_runs()
        late = [run.created_at_ms - int(run.run_id.partition("@")[2]) for run in runs]
        assert all(0 <= ms <= 30_000 for ms in late)
        assert len(set(late)) > 5


async def test_while_the_disk_is_nearly_full_a_time_waits_and_comes_when_it_is_not() -> None:
    async with scheduled(EVERY_MINUTE) as flows:
        first = flows.now_ms - flows.now_ms % MINUTE_MS + MINUTE_MS
        commit = flows.server.server.commit
        commit.may_grow = False
        await flows.server.advance(first - flows.now_ms + 20_000)
        assert await flows.started() == []
        commit.may_grow = True
        await flows.server.advance(1000)
        assert await flows.started() == [first]


async def test_a_wall_clock_that_is_set_back_starts_nothing_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scheduled(EVERY_MINUTE) as flows:
        await flows.server.advance(3 * MINUTE_MS)
        times = await flows.started()
        clock = flows.server.clock
        monkeypatch.setattr(clock, "wall_ms", lambda: clock.now_ms() - 2 * MINUTE_MS)
        await flows.client.workflow.pause_schedule("flow")
        await flows.client.workflow.resume_schedule("flow")
        await flows.server.advance(2 * MINUTE_MS)
        assert await flows.started() == times
        await flows.server.advance(MINUTE_MS)
        assert len(await flows.started()) == len(times) + 1


# Actions


async def test_an_action_is_invoked_at_each_of_its_times_over_restarts(tmp_path: Path) -> None:
    server = FloTestServer(str(tmp_path))
    async with server, server.client(timeout_ms=60_000) as client:
        await client.action.register("poll")
        await client.action.schedule("poll", interval_ms=MINUTE_MS, overlap="allow", payload=b"p")
        await server.settle()
        first_ms = server.now_ms + MINUTE_MS
        await server.advance(3 * MINUTE_MS)
        runs = await client.action.list_runs("poll", order="oldest")
        assert [run.created_at_ms for run in runs] == [first_ms + n * MINUTE_MS for n in range(3)]
        assert {run.input for run in runs} == {b"p"}
        await server.stop()
        await server.start()
        await server.advance(MINUTE_MS)
        assert len(await client.action.list_runs("poll")) == 4
        await client.action.pause_schedule("poll")
        await server.advance(5 * MINUTE_MS)
        await client.action.resume_schedule("poll")
        await server.settle()
        assert len(await client.action.list_runs("poll")) == 4
        await server.advance(MINUTE_MS)
        assert len(await client.action.list_runs("poll")) == 5
        assert await client.action.unschedule("poll")
        await server.advance(5 * MINUTE_MS)
        assert len(await client.action.list_runs("poll")) == 5


async def test_workers_schedule_what_they_handle() -> None:
    worker = ActionWorker("unused")
    seen: list[bytes] = []

    @worker.action("nightly", schedule="0 3 * * *", timezone="Europe/Berlin")
    async def nightly(ctx: ActionContext) -> None:
        seen.append(ctx.payload)

    async with FloTestServer() as server, server.client() as client, server.running(worker):
        await server.settle()
        [info] = await client.action.schedules()
        assert (info.cron, info.timezone) == ("0 3 * * *", "Europe/Berlin")
        assert info.next_run_at_ms is not None
        await server.advance(info.next_run_at_ms - server.now_ms)
        assert seen == [b""]
