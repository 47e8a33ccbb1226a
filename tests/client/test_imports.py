"""A client alone stays light: what only a server needs is not loaded with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

SERVER_ONLY = "yaml cronsim rocksdict rich typer floruntime.engine floruntime.server"


@pytest.mark.parametrize("name", SERVER_ONLY.split())
def test_a_client_does_not_load_what_only_a_server_needs(name: str) -> None:
    code = f"import sys, floruntime; sys.exit({name!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
