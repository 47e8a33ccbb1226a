"""The worker of a backend: it runs the tasks of its queues."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from floruntime.core.errors import NotFoundError
from floruntime.django.backend import FloBackend
from floruntime.django.execution import run_task
from floruntime.django.payloads import action_of
from floruntime.sync import ActionWorker, FloClient

LOOK_S = 0.05
"""How often a worker that ends when all is done checks whether it is."""


def new_worker(
    backend: FloBackend, queues: Sequence[str], *, concurrency: int, worker_id: str | None
) -> ActionWorker:
    """Make a worker for these queues, on the backend's own connection."""
    settings = backend.settings
    worker = backend.client.new_action_worker(
        concurrency=concurrency,
        worker_id=worker_id,
        action_timeout_ms=settings.timeout_ms,
    )
    for name in queues:
        worker.register_action(
            action_of(name),
            partial(run_task, backend, worker.worker_id),
            max_retries=settings.max_retries,
            retry_delay_ms=settings.retry_delay_ms,
            retention_ms=settings.retention_ms,
            description=f"tasks of Django's queue {name}",
        )
    return worker


def stop_when_done(worker: ActionWorker, client: FloClient) -> None:
    """Stop `worker` as soon as nothing is due and nothing runs. Tasks that are due later stay."""

    @worker.on_start
    def watch() -> None:
        threading.Thread(target=_watch, args=(worker, client), daemon=True).start()


def _watch(worker: ActionWorker, client: FloClient) -> None:
    pause = threading.Event()
    try:
        while not _is_done(worker.actions, client):
            pause.wait(LOOK_S)
    finally:
        worker.stop()


def _is_done(actions: list[str], client: FloClient) -> bool:
    try:
        lines = [client.action.limits(name) for name in actions]
    except NotFoundError:
        return False  # the worker is about to register it
    return not any(line.running or line.waiting for line in lines)
