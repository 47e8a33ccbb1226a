"""The calls by `curl` in docs/reference.md do what stands there."""

from __future__ import annotations

import asyncio
import re
import shutil

import pytest
from scripts.sections import DOCS

from floruntime.testing import FloTestServer
from tests.until import WAIT_S

SECTION = (DOCS / "reference.md").read_text().partition("\n## HTTP\n")[2].partition("\n## ")[0]
SCRIPT = "\n".join(re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL))


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="there is no curl, or no jq"
)
async def test_the_calls_by_curl_answer_what_stands_there() -> None:
    lines = SCRIPT.splitlines()
    said = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    assert len(said) > 10
    async with FloTestServer() as flo:
        script = SCRIPT.replace("localhost:9000", flo.endpoint)
        bash = await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", script, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(2 * WAIT_S):
            output, _ = await bash.communicate()
    assert output.decode().splitlines() == said
    assert bash.returncode == 0
