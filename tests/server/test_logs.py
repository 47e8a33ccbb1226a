"""A line of the log stays one line, whatever a client put into it."""

from __future__ import annotations

import json
import logging

import pytest

from floruntime.server.config import make_config
from floruntime.server.logs import set_up_logging

NASTY = "name\x1b[2J\u202e\n2026-01-01 00:00:00 INFO    forged\u2028"


@pytest.fixture(autouse=True)
def _kept_handlers() -> object:
    root = logging.getLogger()
    kept = root.level, list(root.handlers)
    yield
    root.level, root.handlers = kept


def logged(capsys: pytest.CaptureFixture[str], log_format: str) -> list[str]:
    set_up_logging(make_config({"log_format": log_format}))
    log = logging.getLogger("floruntime.test")
    log.warning("%s: refused", NASTY)
    try:
        raise ValueError(NASTY)
    except ValueError:
        log.exception("it failed")
    return capsys.readouterr().err.splitlines()


def test_in_text_what_belongs_to_a_line_is_indented(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *traceback = logged(capsys, "text")
    assert first.endswith(
        "name\\x1b[2J\\u202e\\n2026-01-01 00:00:00 INFO    forged\\u2028: refused"
    )
    assert second.endswith("ERROR   it failed")
    assert traceback[-1].endswith("INFO    forged\\u2028")
    assert all(line.startswith("    ") and line.isprintable() for line in traceback)


def test_in_json_each_record_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys, "json")
    assert all(line.isprintable() for line in lines)
    first, second = map(json.loads, lines)
    assert first["message"] == f"{NASTY}: refused"
    assert NASTY in second["exception"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_token_comes_into_the_log(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    secret = "s3cr3t" * 8
    ours, jwt = f"flo_abcdefghij12_{secret}", f"eyJ{secret}.{secret}.{secret}"
    set_up_logging(make_config({"log_format": log_format}))
    log = logging.getLogger("floruntime.test")
    log.warning("%s: %s", ours, {"token": jwt})
    try:
        raise ValueError(f"{ours} {jwt}")
    except ValueError:
        log.exception("it failed")
    told = capsys.readouterr().err
    assert "s3cr3t" not in told
    assert "flo_abcdefghij12_***" in told
