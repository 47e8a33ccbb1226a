"""`flo worker run`: imports a person's worker and runs it; with `--reload`, anew on changes."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from floruntime.cli.base.errors import USAGE, Failure
from floruntime.cli.base.output import complain
from floruntime.cli.base.root_options import expect_store
from floruntime.cli.base.run import Settings
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core.limits import check_namespace
from floruntime.core.printable import printable
from floruntime.core.version import VERSION
from floruntime.sync.standing import WorkerHandle

LOG_LEVELS = ("debug", "info", "warning", "error")
LOOK_INTERVAL_S = 0.3
SKIPPED = {".git", ".venv", "venv", "node_modules", "__pycache__"}


def run(target: str, log_level: str, settings: Settings, given: set[str]) -> None:
    """Run the worker `MODULE:NAME` to its end."""
    if log_level not in LOG_LEVELS:
        raise typer.BadParameter(
            f"--log-level is {log_level!r}; it must be one of: {', '.join(LOG_LEVELS)}"
        )
    worker = load(target)
    _apply(worker, settings, given)
    expect_store(worker.endpoint, settings.may_create)
    _set_up_logging(log_level, settings.is_json)
    if not settings.is_json:
        for line in banner(worker):
            complain(line)
    asyncio.run(worker.start())


def banner(worker: WorkerBase) -> list[str]:
    """Who it is, where it works, and at what."""
    place = worker.endpoint if isinstance(worker.endpoint, str) else worker.endpoint.endpoint
    works_on = [f"  {what:<10}{' '.join(names)}" for what, names in worker.works_on.items()]
    return [
        f"flo {VERSION} worker {worker.name}",
        f"  {'server':<10}{printable(place)}, namespace {worker.namespace}",
        *map(printable, works_on),
        (
            f"  {'at once':<10}{worker.concurrency}; Ctrl-C lets it finish, a second one ends "
            "it at once"
        ),
    ]


def _apply(worker: WorkerBase, settings: Settings, given: set[str]) -> None:
    """Let what is given here win over what the worker says itself."""
    tls = settings.tls.context()
    if given - {"create"}:
        worker.use_own_connection()
    if "host" in given:
        worker.endpoint = settings.host
    if "namespace" in given:
        worker.namespace = check_namespace(settings.namespace)
    if "token" in given:
        worker.token = settings.token
    if tls is not None:
        worker.tls = tls


def load(target: str) -> WorkerBase:
    """The worker named `MODULE:NAME`."""
    module_name, colon, name = target.partition(":")
    if not (module_name and colon and name):
        raise typer.BadParameter(f"{target!r} is not a worker: write MODULE:WORKER")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{module_name}.".startswith(f"{missing}."):
            hint = f": leave out .py, {module_name[:-3]}:{name}" if _is_file(module_name) else ""
            raise Failure(
                f"no module named {missing!r} in {os.getcwd()}{hint}", exit_code=USAGE, code="usage"
            ) from error
        raise Failure(
            f"importing {module_name} failed{_place(error)}: {type(error).__name__}: {error}; "
            "FLO_DEBUG=1 shows the traceback"
        ) from error
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if isinstance(found, WorkerHandle):
        found = found.asynchronous
    if not isinstance(found, WorkerBase):
        what = "not there" if found is None else f"a {type(found).__name__}"
        raise Failure(
            f"{target} is {what}; it must be an ActionWorker, a QueueWorker or a StreamWorker",
            exit_code=USAGE,
            code="usage",
        )
    return found


def _is_file(module_name: str) -> bool:
    return module_name.endswith(".py") and os.path.exists(module_name)


def _place(error: Exception) -> str:
    """Where in the person's own files `error` came up, as far as there is such a place."""
    frames = traceback.extract_tb(error.__traceback__)
    here = os.getcwd() + os.sep
    own = [
        each
        for each in frames
        if each.filename.startswith(here) and "site-packages" not in each.filename
    ]
    return f" at {os.path.relpath(own[-1].filename)}:{own[-1].lineno}" if own else ""


def _set_up_logging(log_level: str, is_json: bool) -> None:
    from floruntime.server.config import Config
    from floruntime.server.logs import set_up_logging

    settings: dict[str, Any] = {"log_level": log_level}
    set_up_logging(Config(**settings, log_format="json" if is_json else "text"))


# Reloading


def run_reloading() -> None:
    """Run this command without `--reload` in a process that starts again when a file changes."""
    arguments = [each for each in sys.argv[1:] if each != "--reload"]
    command = [sys.executable, "-m", "floruntime.cli.main", *arguments]
    reloader = Reloader(lambda: subprocess.Popen(command), Path.cwd())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: reloader.stop())
    sys.exit(reloader.run(time.sleep))


class Reloader:
    """Keeps one process running, a new one after each change below `directory`."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], directory: Path) -> None:
        self._start = start
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    def stop(self) -> None:
        """End the process in good order, and `run` with it."""
        self._is_stopping = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def run(self, sleep: Callable[[float], object]) -> int:
        """Until `stop`; the last process's exit code. One that ends by itself waits for changes."""
        while True:
            seen = self._look()
            self._process = self._start()
            if self._is_stopping:
                self._process.terminate()
            while not self._is_stopping and self._look() == seen:
                sleep(LOOK_INTERVAL_S)
            if not self._is_stopping:
                complain("a file changed: starting again")
                self._process.terminate()
            code = self._process.wait()
            if self._is_stopping:
                return code

    def _look(self) -> dict[str, int]:
        """When each Python file was written last."""
        times: dict[str, int] = {}
        for root, directories, files in os.walk(self._directory):
            directories[:] = [each for each in directories if each not in SKIPPED]
            for file in files:
                if file.endswith(".py"):
                    path = os.path.join(root, file)
                    try:
                        times[path] = os.stat(path).st_mtime_ns
                    except FileNotFoundError:
                        continue
        return times
