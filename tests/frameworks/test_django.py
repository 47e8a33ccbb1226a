"""`floruntime.django`: what Django's reference backends promise of tasks, and what is Flo's own."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from floruntime.core.action import ActionAttempt, ActionRun, RunStatus
from floruntime.django import FloBackend, TaskLostError, TaskStoppedError
from floruntime.django.backend import client_of
from floruntime.django.compat import (
    TaskResult,
    TaskResultDoesNotExist,
    TaskResultStatus,
    task_backends,
    task_enqueued,
)
from floruntime.django.options import Options
from floruntime.django.payloads import Payload, task_of
from floruntime.django.results import result_of
from floruntime.sync import FloClient
from tests.frameworks import django_tasks_to_run as tasks

BACKEND = "floruntime.django.FloBackend"
READY, FAILED = TaskResultStatus.READY, TaskResultStatus.FAILED
SUCCESSFUL = TaskResultStatus.SUCCESSFUL
EXAMPLE = Path(__file__).parents[2] / "examples" / "django_shop"
number = 0


@pytest.fixture(autouse=True)
def backend() -> Iterator[FloBackend]:
    """The default backend, in a namespace of this test's own."""
    with Using() as made:
        yield made


class Using:
    """Another default backend, with these options."""

    def __init__(self, queues: list[str] | None = None, **options: Any) -> None:
        global number
        number += 1
        options = {"endpoint": "memory://", "namespace": f"test-{number}", **options}
        default = {"BACKEND": BACKEND, "QUEUES": queues or [], "OPTIONS": options}
        self._override = override_settings(TASKS={"default": default})

    def __enter__(self) -> FloBackend:
        self._override.enable()
        tasks.seen.clear()
        made = task_backends["default"]
        assert isinstance(made, FloBackend)
        made.client.connect(wait_ms=60_000)
        return made

    def __exit__(self, *_: object) -> None:
        client_of(task_backends["default"].settings).close()
        self._override.disable()


def work(**options: Any) -> None:
    call_command("flo_worker", batch=True, verbosity=0, **options)


def done(task: Any, *args: Any, **kwargs: Any) -> TaskResult:
    """The result of a task that was enqueued, run, and asked for."""
    result = task.enqueue(*args, **kwargs)
    work()
    result.refresh()
    return result


def is_in_order(result: TaskResult) -> bool:
    times = [result.enqueued_at, result.started_at, result.last_attempted_at, result.finished_at]
    return times == sorted(times)


# What every backend promises


@pytest.mark.parametrize("task", [tasks.noop, tasks.noop_async])
def test_a_task_is_enqueued_and_run(task: Any) -> None:
    result = task.enqueue(1, two=3)
    assert (result.status, result.is_finished, result.attempts) == (READY, False, 0)
    assert result.enqueued_at is not None
    assert result.started_at is result.last_attempted_at is result.finished_at is None
    with pytest.raises(ValueError, match="Task has not finished yet"):
        _ = result.return_value
    assert (result.task, result.args, result.kwargs) == (task, [1], {"two": 3})

    work()
    assert result.status == READY
    result.refresh()
    assert (result.status, result.is_finished, result.attempts) == (SUCCESSFUL, True, 1)
    assert is_in_order(result)
    assert result.last_attempted_at == result.started_at
    assert result.return_value is None
    assert (result.task, result.args, result.kwargs) == (task, [1], {"two": 3})
    assert result.errors == []


async def test_the_same_in_async_code() -> None:
    result = await tasks.meaning_of_life.aenqueue()
    assert result.status == READY
    assert await tasks.meaning_of_life.aget_result(result.id) == result
    with pytest.raises(TaskResultDoesNotExist):
        await tasks.meaning_of_life.get_backend().aget_result("123")
    await result.arefresh()


def test_a_result_is_what_was_enqueued(backend: FloBackend) -> None:
    result = tasks.noop.enqueue("a", b=[1, {"c": None}])
    assert backend.get_result(result.id) == result
    later = tasks.noop.using(priority=7, run_after=datetime.now(UTC) + timedelta(days=7)).enqueue()
    assert backend.get_result(later.id) == later


def test_what_a_task_gives() -> None:
    assert done(tasks.meaning_of_life).return_value == 42


@pytest.mark.parametrize(
    ("task", "kind", "says"),
    [
        (tasks.value_error, ValueError, "ValueError: this task failed\nin two lines\n"),
        (tasks.system_exit, SystemExit, "SystemExit: this task wants to leave\n"),
    ],
)
def test_what_a_task_raises(task: Any, kind: type[BaseException], says: str) -> None:
    result = done(task)
    assert (result.status, result.attempts) == (FAILED, 1)
    with pytest.raises(ValueError, match="Task failed"):
        _ = result.return_value
    [error] = result.errors
    assert error.exception_class is kind
    assert error.traceback.startswith("Traceback")
    assert error.traceback.endswith(says)
    assert is_in_order(result)


def test_of_a_long_error_the_end_is_kept() -> None:
    [error] = done(tasks.long_error).errors
    assert error.exception_class is ValueError
    assert error.traceback.endswith("xxx\n")


def test_a_value_that_json_has_no_form_for_fails_its_task() -> None:
    [error] = done(tasks.complex_value).errors
    assert error.exception_class is TypeError
    assert "Unsupported type" in error.traceback


def test_an_argument_that_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError, match="Unsupported type"):
        tasks.noop.enqueue(object())


@pytest.mark.parametrize("missing", ["123", "1-1", "commit-nobody", "", "x" * 300])
def test_a_result_that_there_is_not(backend: FloBackend, missing: str) -> None:
    with pytest.raises(TaskResultDoesNotExist):
        backend.get_result(missing)


def test_a_run_of_another_action_is_no_result(backend: FloBackend) -> None:
    run_id = backend.client.action.invoke("mine", create=True).run_id
    with pytest.raises(TaskResultDoesNotExist):
        backend.get_result(run_id)


def test_what_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("django_tasks", "django.tasks"):
        caplog.set_level(logging.DEBUG, name)
    good, bad = done(tasks.noop), done(tasks.value_error)
    said = [r for r in caplog.records if r.name in ("django_tasks", "django.tasks")]
    for result, states in ((good, ["RUNNING", "SUCCESSFUL"]), (bad, ["RUNNING", "FAILED"])):
        lines = [r.getMessage() for r in said if result.id in r.getMessage()]
        assert "enqueued" in lines[0]
        assert [line.rpartition("state=")[2] for line in lines[1:]] == states
        assert not any("None" in line for line in lines)
    [failure] = [r for r in said if r.levelno == logging.ERROR]
    assert failure.exc_info is not None
    assert failure.exc_info[0] is ValueError


def test_a_task_that_takes_context() -> None:
    result = done(tasks.own_id)
    assert result.return_value == result.id
    assert tasks.seen == [(1, TaskResultStatus.RUNNING, result.worker_ids)]


def test_what_cannot_be_enqueued(backend: FloBackend) -> None:
    elsewhere = tasks.noop.using(queue_name="unknown")
    with (
        Using(["queue-1"]) as other,
        pytest.raises(Exception, match="Queue 'unknown' is not valid for backend"),
    ):
        other.enqueue(elsewhere, (), {})
    with pytest.raises(Exception, match="priority must be a whole number between -100 and 100"):
        tasks.noop.using(priority=101)
    with pytest.raises(Exception, match="run_after must be an aware datetime"):
        tasks.noop.using(run_after=datetime(2200, 1, 1))
    assert list(backend.check()) == []


# Order, time, queues


def test_the_highest_priority_goes_first() -> None:
    for priority in (0, -100, 100, 5):
        tasks.note.using(priority=priority).enqueue(priority)
    work(concurrency=1)
    assert tasks.seen == [(100,), (5,), (0,), (-100,)]


def test_a_task_is_not_begun_before_its_time() -> None:
    past = tasks.note.using(run_after=datetime.now(UTC) - timedelta(days=1)).enqueue("past")
    future = tasks.note.using(run_after=datetime.now(UTC) + timedelta(days=1)).enqueue("future")
    work()
    past.refresh()
    future.refresh()
    assert (past.status, future.status) == (SUCCESSFUL, READY)
    assert tasks.seen == [("past",)]


def test_a_worker_takes_from_the_queues_that_it_is_told() -> None:
    with Using(["one", "two"]):
        for queue in ("one", "two"):
            tasks.note.using(queue_name=queue).enqueue(queue)
        work(queues=["two"])
        assert tasks.seen == [("two",)]
        work()
        assert tasks.seen == [("two",), ("one",)]
        with pytest.raises(CommandError, match="has no queue 'three'; its QUEUES are one, two"):
            work(queues=["three"])


# Commits


def test_a_task_is_sent_at_once_unless_told_otherwise(backend: FloBackend) -> None:
    with transaction.atomic():
        result = tasks.noop.enqueue()
        assert result.enqueued_at is not None
        assert backend.get_result(result.id).status == READY


def test_a_task_is_sent_with_the_commit() -> None:
    told: list[str] = []

    def receiver(task_result: TaskResult, **_: Any) -> None:
        told.append(task_result.id)

    task_enqueued.connect(receiver)
    try:
        with Using(enqueue_on_commit=True) as backend:
            with transaction.atomic():
                result = tasks.own_id.enqueue()
                assert result.enqueued_at is None
                assert told == []
                with pytest.raises(TaskResultDoesNotExist):
                    backend.get_result(result.id)
            assert told == [result.id]
            assert backend.get_result(result.id) == result
            assert result.enqueued_at is not None
            work()
            result.refresh()
            assert result.return_value == result.id
            assert tasks.noop.enqueue().enqueued_at is not None  # there is no transaction
    finally:
        task_enqueued.disconnect(receiver)


def _fail_after(_: TaskResult) -> None:
    raise ZeroDivisionError


def test_a_task_is_not_sent_when_the_transaction_is_rolled_back() -> None:
    with Using(enqueue_on_commit=True) as backend:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            _fail_after(tasks.noop.enqueue())
        assert backend.client.action.list_runs() == []


def test_a_result_is_found_although_the_process_ended_after_the_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the run and the note which it is: the worker makes that."""
    with Using(enqueue_on_commit=True) as backend:
        with monkeypatch.context() as patched, transaction.atomic():
            patched.setattr(backend, "remember", lambda *_: None)
            result = tasks.noop.enqueue()
        with pytest.raises(TaskResultDoesNotExist):
            result.refresh()
        work()
        result.refresh()
        assert result.status == SUCCESSFUL


# What is Flo's own


def test_effects_are_one_commit_with_the_result(backend: FloBackend) -> None:
    assert done(tasks.with_effects, fails=True).status == FAILED
    assert backend.client.kv.get("effect") is None
    assert done(tasks.with_effects, fails=False).return_value == "done"
    assert backend.client.kv.get("effect") == b"there"


def test_errors_are_final_unless_they_are_to_be_retried() -> None:
    assert done(tasks.third_time).attempts == 1
    with Using(retry_errors=True, max_retries=2, retry_delay_ms=0):
        result = done(tasks.third_time)
        while not result.is_finished:
            work()
            result.refresh()
        assert (result.status, result.attempts, result.return_value) == (SUCCESSFUL, 3, 3)
        assert [error.exception_class for error in result.errors] == [RuntimeError] * 2
        assert [
            error.traceback.endswith(f"attempt {n}\n") for n, error in enumerate(result.errors, 1)
        ]


def test_attempts_that_no_handler_ended() -> None:
    payload = Payload("tests.frameworks.django_tasks_to_run.noop", [], {}, 0, "default", 1)
    run = ActionRun(
        "1",
        "django.default",
        RunStatus.TIMED_OUT,
        2,
        100,
        msgspec.json.encode(payload),
        None,
        None,
        "timeout",
        1,
        reason="timeout",
        attempts=[
            ActionAttempt(1, "a", 2, 3, "worker_lost", None),
            ActionAttempt(2, "b", 4, 5, "timeout", None),
        ],
    )
    result = result_of(run, "default")
    assert (result.status, result.worker_ids) == (FAILED, ["a", "b"])
    assert [e.exception_class for e in result.errors] == [TaskLostError, TaskStoppedError]


def test_what_is_no_task_is_not_run(backend: FloBackend) -> None:
    for path, kind in (("subprocess.run", SuspiciousOperation), ("no.such", ImportError)):
        payload = Payload(path, [["true"]], {}, 0, "default", 1)
        with pytest.raises(kind):
            task_of(payload, "default")
    invoked = backend.client.action.invoke(
        "django.default", msgspec.json.encode(payload), create=True
    )
    work()
    run = backend.client.action.status(invoked.run_id)
    assert run.status == RunStatus.PENDING  # another worker may know it
    assert "ModuleNotFoundError" in (run.error or "")


def test_threads_share_one_client(backend: FloBackend) -> None:
    other = FloBackend("default", {"OPTIONS": task_backends.settings["default"]["OPTIONS"]})
    assert other.client is backend.client
    assert isinstance(backend.client, FloClient)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"OPTIONS": {"endpont": "x"}}, "no option 'endpont'; did you mean 'endpoint'"),
        ({"OPTIONS": {"max_retries": "many"}}, r"Expected `int`, got `str` - at `\$.max_retries`"),
        ({"ENQUEUE_ON_COMMIT": True}, 'as "enqueue_on_commit"'),
    ],
)
def test_settings_that_cannot_be(params: dict[str, Any], says: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        FloBackend("default", params)


def test_the_worker_says_what_it_does(backend: FloBackend) -> None:
    out = io.StringIO()
    call_command("flo_worker", batch=True, worker_id="w-1", stdout=out)
    namespace = backend.client.namespace
    assert out.getvalue() == (f"worker w-1 on memory://, namespace {namespace}: queues default\n")


def test_a_worker_of_another_backend_is_refused() -> None:
    name = TaskResult.__module__.rpartition(".")[0] + ".backends.dummy.DummyBackend"
    with (
        override_settings(TASKS={"default": {"BACKEND": name}}),
        pytest.raises(CommandError, match="is DummyBackend; flo_worker runs tasks of"),
    ):
        work()


def test_the_example_passes_its_own_tests(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "manage.py", "test"],
        cwd=EXAMPLE,
        env={"SHOP_DATABASE": str(tmp_path / "shop"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "Ran 2 tests" in finished.stderr


def test_every_option_is_in_the_reference() -> None:
    page = (EXAMPLE.parents[1] / "docs" / "reference.md").read_text()
    table = page.partition("| `OPTIONS` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", table)) - {"enqueue", "False", "FloClient"} == set(
        Options.__struct_fields__
    )
