"""What the tests of JavaScript do where something is missing here."""

from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Where the browser is: what `CHROMIUM` says, or else the first one found."""
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def chromium_is_missing() -> str | None:
    """Why no page can be opened here."""
    if chromium() is None:
        return "no Chromium here; install it: scripts/install_chromium.sh"
    return None


def leave_out(what: str, missing: str | None) -> None:
    """Skip the test if something is missing; fail it where nothing may be left out, as in CI."""
    if missing is None:
        return
    told = f"left out: {what} ({missing})"
    if os.environ.get("LEAVE_NOTHING_OUT"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
