"""The examples run, and say what they did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from examples import email_sender

from floruntime import RunStatus
from floruntime.testing import FloTestServer

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("image_pipeline", ["cat: P5 32 32 255, 1037 bytes", "owl: P5 16 16 255, 269 bytes"]),
        ("email_sender", ["known already", "failed, attempt 1", '{"attempts":2}']),
        ("exactly_once", ["orders settled: 5", "total:ada = 42", "left in the queue: 0"]),
    ],
)
def test_it_runs(name: str, says: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    for text in says:
        assert text in run.stdout


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
