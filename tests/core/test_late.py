"""What is made late is made once, for the instance that asked."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from floruntime.core.late import Late


class Holder:
    """Has what takes a while to make."""

    made = 0
    late: Any = Late(lambda holder: holder._make())

    def _make(self) -> object:
        self.made += 1
        return object()


def test_it_is_made_once_when_it_is_first_asked_for() -> None:
    holder, other = Holder(), Holder()
    assert not holder.made
    assert holder.late is holder.late
    assert (holder.made, other.made) == (1, 0)
    assert other.late is not holder.late


def test_what_a_client_does_not_need_is_not_loaded_with_it() -> None:
    """Each process that asks a server pays for what its import loads."""
    told = "import sys, floruntime; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "floruntime" in loaded
    unwanted = {"typer", "yaml", "h11", "rocksdict", "prometheus_client", "zipfile", "email"}
    assert not loaded & unwanted
