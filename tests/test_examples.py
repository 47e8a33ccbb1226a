"""The examples run, and say what they did."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from examples import email_sender, nightly_report

from floruntime import RunStatus
from floruntime.engine.workflow.language.validation import check
from floruntime.testing import FloTestServer

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("image_pipeline", ["cat: P5 32 32 255, 1037 bytes", "owl: P5 16 16 255, 269 bytes"]),
        (
            "customer_sync",
            [
                "at once, of one customer: 1\n",
                "ended: {'completed': 697, 'failed': 3}\nretried: 3 of 3\n",
                "ended: {'completed': 700}\nrunning: 0, waiting: 0\n",
            ],
        ),
        (
            "trip",
            [
                "oslo: completed, released: nothing\ntokyo: completed, released: nothing\n",
                "rome: cancelled, released: car to rome, flight to rome, hotel to rome\n",
                "berlin: failed, released: flight to berlin, hotel to berlin\n",
            ],
        ),
        (
            "nightly_import",
            ["completed: 9999 rows, 1 failed\nrow 4321: NonRetryableError: row 4321 has no number"],
        ),
        ("email_sender", ["known already", "failed, attempt 1", '{"attempts":2}']),
        ("exactly_once", ["orders settled: 5", "total:ada = 42", "left in the queue: 0"]),
        (
            "workflow",
            [
                "process-order v1.0: created\nprocess-order v1.0: unchanged\n",
                'is completed: {"charged":99.99,"for":"ORD-123","approver":null}',
                "process-order 1.0 waiting approval\n",
                '"approver":"manager@corp.com"}',
                "is cancelled: User requested cancellation",
                "is timed_out at nobody-answered",
                "] signal_matched: approval_decision\n",
                "process-order is disabled",
            ],
        ),
        (
            "order_approval",
            [
                'small: completed at flo.Completed: {"order":"small"',
                'large: completed at flo.Completed: {"order":"large"',
                "refused: cancelled at taken-back",
                "late: failed at sold-out",
                "unlucky: cancelled at taken-back",
                "in stock: {'lamp': 1, 'desk': 0}, charged: {'payment-1': ",
                "ada's orders that went through: 2",
            ],
        ),
        (
            "payment_plan",
            [
                'all is well: asked stripe: {"by":"stripe"}',
                'stripe goes down: asked stripe, stripe, adyen: {"by":"adyen"}',
                'its breaker is open: asked adyen: {"by":"adyen"}',
                "    plan_breaker_skip: stripe\n",
                "both are down: asked adyen: pay-later",
                'stripe is back: a probe: asked stripe: {"by":"stripe"}',
                "a stolen card: asked stripe: flo.Failed",
            ],
        ),
        (
            "nightly_report",
            ["paused: the next run is never", "completed, sent ['sales: 42']", "30 2 * * *"],
        ),
        ("shop", ["orders: ", " completed", "; dead letters: "]),
        (
            "stream_pipeline",
            [
                '[21.5, 21.7, -999.0]: completed: {"count":2,',
                '[22.0, -999.0, 22.1]: completed: {"count":2,',
                '[22.3, 23.9]: completed: {"count":2,',
                "not read yet: 0, read but not done: 0",
            ],
        ),
    ],
)
def test_it_runs(name: str, says: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    for text in says:
        assert text in run.stdout


async def test_a_webhook_starts_a_run_once() -> None:
    async with FloTestServer() as server:
        run = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "examples" / "payment_webhook.py"),
            server.endpoint,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await run.communicate()
    assert said.decode().splitlines() == [
        "evt_1 for A-17: started",
        "evt_2 for A-18: started",
        "evt_1 for A-17: known already",
        "runs: 2",
        "evt_1 for A-99: 409 conflict",
    ]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="no curl, or no jq")
async def test_a_shell_script_requeues_dead_letters() -> None:
    async with FloTestServer() as server, server.client(namespace="shop") as client:
        await client.queue.enqueue_many("jobs", ["a", "b", "c"])
        errors = ["it timed out", "no such order", "it timed out"]
        for message, error in zip(
            (await client.queue.dequeue("jobs", 3)).messages, errors, strict=True
        ):
            await client.queue.nack("jobs", [message], to_dlq=True, error=error)
        run = await asyncio.create_subprocess_exec(
            *(str(ROOT / "examples" / "requeue_dead.sh"), "shop", "jobs", "timed out"),
            env={**os.environ, "FLO_HTTP": f"http://{server.endpoint}"},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await run.communicate()
        assert said.decode() == ("1\tnacked\tit timed out\n3\tnacked\tit timed out\nrequeued: 2\n")
        stats = await client.queue.stats("jobs")
        assert (stats.ready, stats.dead) == (2, 1)


def test_the_probes_of_kubernetes_are_paths_of_the_server() -> None:
    [_, deployment] = yaml.safe_load_all((ROOT / "examples" / "kubernetes.yaml").read_text())
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    probes = {name: each["httpGet"]["path"] for name, each in container.items() if "Probe" in name}
    assert set(probes) == {"startupProbe", "livenessProbe", "readinessProbe"}
    assert set(probes.values()) == {"/healthz", "/readyz"}


async def test_retries_of_a_persons_own_worker_take_no_time() -> None:
    email_sender.mail_server.failures = 3
    email_sender.mail_server.sent.clear()
    async with (
        FloTestServer() as server,
        server.client(namespace="mail") as client,
        server.running(email_sender.worker),
    ):
        invoked = await client.action.invoke("send-email", '{"to": "a@b", "text": "hi"}')
        await server.advance(10_000)
        run = await client.action.status(invoked.run_id)
        assert (run.status, run.attempt) == (RunStatus.COMPLETED, 4)
        assert email_sender.mail_server.sent == ["a@b: hi"]


async def test_the_nightly_report_comes_once_a_night_also_where_its_hour_is_left_out() -> None:
    """In Berlin the clocks went from two to three on the 31st of March 2024."""
    saturday_ms = 1_711_825_200_000  # 20:00 in Berlin
    nightly_report.sent.clear()
    async with (
        FloTestServer(start_ms=saturday_ms) as server,
        server.client(namespace="reports") as client,
        server.running(nightly_report.worker),
    ):
        await client.workflow.sync_file(nightly_report.DEFINITION)
        await server.advance(36 * 3_600_000)
        runs = await client.workflow.list_runs(workflow_name="nightly-report")
        assert [nightly_report.told(run.created_at_ms) for run in reversed(runs)] == [
            "2024-03-31 01:00 UTC",  # 03:00 in Berlin: right after the hour that was left out
            "2024-04-01 00:30 UTC",
        ]
        assert nightly_report.sent == ["sales: 42"] * 2


def test_every_definition_among_the_examples_is_valid_without_a_warning() -> None:
    files = sorted((ROOT / "examples" / "workflows").glob("*.yaml"))
    assert len(files) >= 6
    for file in files:
        checked = check(file.read_bytes())
        assert checked.definition is not None
        assert checked.problems == [], file.name
