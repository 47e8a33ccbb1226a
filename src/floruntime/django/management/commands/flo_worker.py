"""`manage.py flo_worker`: runs the tasks of one backend."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.autoreload import run_with_reloader

from floruntime.core.errors import FloError
from floruntime.django.backend import FloBackend
from floruntime.django.compat import task_backends
from floruntime.django.worker import new_worker, stop_when_done


class Command(BaseCommand):
    """Runs tasks until it is told to stop (SIGINT, SIGTERM), and finishes what it has begun."""

    help = (
        "Runs the tasks of a Flo backend until it is told to stop (SIGINT or SIGTERM); what has "
        "begun is finished then, and what cannot be is handed to another worker."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the command's options."""
        parser.add_argument("--backend", default="default", help="which of TASKS; default")
        parser.add_argument(
            "--queue",
            action="append",
            dest="queues",
            help="a queue, may be repeated; all of the backend's QUEUES unless given",
        )
        parser.add_argument("--concurrency", type=int, default=10, help="tasks at once; 10")
        parser.add_argument("--worker-id", help="a name that nobody else has; made up unless given")
        parser.add_argument(
            "--batch", action="store_true", help="end when nothing is due and nothing runs"
        )
        parser.add_argument(
            "--reload", action="store_true", help="begin again when the code changes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker. Raises `CommandError` if it cannot run."""
        if options.pop("reload"):
            run_with_reloader(self._work, **options)
        else:
            self._work(**options)

    def _work(self, **options: Any) -> None:
        backend = self._backend(options["backend"])
        queues = options["queues"] or sorted(backend.queues) or ["default"]
        unknown = set(queues) - backend.queues if backend.queues else set()
        if unknown:
            raise CommandError(
                f"the backend {backend.alias!r} has no queue {sorted(unknown)[0]!r}; "
                f"its QUEUES are {', '.join(sorted(backend.queues))}"
            )
        try:
            worker = new_worker(
                backend,
                queues,
                concurrency=options["concurrency"],
                worker_id=options["worker_id"],
            )
            if options["verbosity"]:
                self.stdout.write(
                    f"worker {worker.worker_id} on {backend.client.endpoint}, "
                    f"namespace {backend.client.namespace}: queues {', '.join(queues)}"
                )
            if options["batch"]:
                stop_when_done(worker, backend.client)
            worker.start()
        except FloError as error:
            raise CommandError(str(error)) from error

    def _backend(self, alias: str) -> FloBackend:
        backend = task_backends[alias]
        if not isinstance(backend, FloBackend):
            raise CommandError(
                f"the backend {alias!r} is {type(backend).__name__}; flo_worker runs tasks of "
                '"floruntime.django.FloBackend"'
            )
        return backend
