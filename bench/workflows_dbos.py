"""DBOS' side of the workflow part: a library in the callers' process, on its default store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dbos import DBOS

from bench.task_callers import PAYLOAD, Callers, ThreadCallers
from bench.workflow_run import STEPS

NOTE = "SQLite, its default store; plain functions in threads, the faster way"


def _given(arg: str) -> str:
    return arg


step = DBOS.step(name="step")(_given)


def _three(arg: str) -> str:
    for _ in range(STEPS):
        arg = step(arg)
    return arg


three = DBOS.workflow(name="three")(_three)


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
    try:
        yield {}
    finally:
        DBOS.destroy()


def callers(ports: Mapping[str, int]) -> Callers:
    """Threads of this process."""
    return ThreadCallers(_run, _run)


def _run() -> None:
    assert three(PAYLOAD) == PAYLOAD
