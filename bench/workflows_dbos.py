"""DBOS' side of the workflow part: a library in the callers' process, on its default store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dbos import DBOS

from bench.task_callers import PAYLOAD, Callers, ThreadCallers
from bench.workflow_run import STEPS

NOTE = (
    "SQLite, its default store; plain functions in threads, the faster way; "
    "its queue polled every 50 ms"
)


def _given(arg: str) -> str:
    return arg


step = DBOS.step(name="step")(_given)


def _three(arg: str) -> str:
    for _ in range(STEPS):
        arg = step(arg)
    return arg


three = DBOS.workflow(name="three")(_three)
QUEUE = "items"
POLLED_EVERY_S = 0.05
"""Its default is a second; then the polls are what is measured."""


def _item(number: int) -> int:
    return number


item = DBOS.workflow(name="item")(_item)


def _fan(items: int) -> list[int]:
    handles = [DBOS.enqueue_workflow(QUEUE, item, number) for number in range(items)]
    return [handle.get_result() for handle in handles]


fan = DBOS.workflow(name="fan")(_fan)


@contextmanager
def serving(directory: Path) -> Iterator[Mapping[str, int]]:
    """Its system database, in this process."""
    url = f"sqlite:///{directory}/dbos.sqlite"
    DBOS(
        config={
            "name": "bench",
            "system_database_url": url,
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=POLLED_EVERY_S)
    try:
        yield {}
    finally:
        DBOS.destroy()


def callers(ports: Mapping[str, int]) -> Callers:
    """Threads of this process."""
    return ThreadCallers(_run, _run)


def _run() -> None:
    assert three(PAYLOAD) == PAYLOAD


def fan_out(ports: Mapping[str, int], items: int) -> Callers:
    """A workflow that puts so many others into a queue, and waits for them."""
    run = partial(_run_items, items)
    return ThreadCallers(run, run)


def _run_items(items: int) -> None:
    assert fan(items) == list(range(items))
