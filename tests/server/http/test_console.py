"""The console's files: what is served at `/`, to whom, and under which policy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from floruntime.server.http import console
from tests.server.http.http_peer import HttpPeer


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that has a console, small and known."""
    folder = tmp_path / "console"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Flo</title>")
    (folder / "console.js").write_text("void 0;")
    root: Callable[[str], Path] = lambda name: tmp_path  # noqa: E731 # it stands for `files`
    monkeypatch.setattr(console, "files", root)
    return folder


def rewrite(file: Path, content: str | None) -> None:
    """Give the file this content, or take it away."""
    file.unlink() if content is None else file.write_text(content)


async def test_the_page_and_its_files_are_served_to_everybody(built: Path, http: HttpPeer) -> None:
    page = await http.ask("GET", "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body == (built / "index.html").read_bytes()
    script = await http.ask("GET", "/console/console.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.body == b"void 0;"


async def test_one_that_is_built_while_the_server_runs_is_served(
    built: Path, http: HttpPeer
) -> None:
    page_file, content = built / "index.html", "<!doctype html><title>Flo</title>"
    rewrite(page_file, None)
    page = await http.ask("GET", "/")
    assert (page.status, b"make console" in page.body) == (503, True)
    rewrite(page_file, content)
    assert (await http.ask("GET", "/")).status == 200


async def test_its_policy_lets_nothing_else_in_and_nobody_frame_it(
    built: Path, http: HttpPeer
) -> None:
    headers = (await http.ask("GET", "/")).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


async def test_what_is_known_is_not_sent_again(built: Path, http: HttpPeer) -> None:
    tag = (await http.ask("GET", "/")).headers["etag"]
    again = await http.ask("GET", "/", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")


async def test_it_is_sent_compressed_to_those_who_take_that(built: Path, http: HttpPeer) -> None:
    plain = await http.ask("GET", "/console/console.js")
    assert "content-encoding" not in plain.headers
    short = await http.ask("GET", "/console/console.js", Accept_Encoding="br, gzip;q=0.8")
    assert short.headers["content-encoding"] == "gzip"
    assert short.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(short.body) == plain.body
    assert short.headers["etag"] != plain.headers["etag"]
    tag = short.headers["etag"]
    again = await http.ask("GET", "/console/console.js", Accept_Encoding="gzip", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    refused = await http.ask("GET", "/console/console.js", Accept_Encoding="gzip;q=0")
    assert "content-encoding" not in refused.headers


async def test_where_it_is_not_built_it_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, http: HttpPeer
) -> None:
    monkeypatch.setattr(console, "files", lambda name: tmp_path)
    page = await http.ask("GET", "/")
    assert page.status == 503
    assert page.body.count(b"\n") == 1
    assert b"make console" in page.body


async def test_a_name_that_leads_here_for_a_moment_gets_nothing(
    built: Path, http: HttpPeer
) -> None:
    page = await http.ask("GET", "/", Host="rebound.example")
    assert page.status == 421


async def test_only_reading_is_possible(built: Path, http: HttpPeer) -> None:
    assert (await http.ask("POST", "/")).status == 405
