"""`make demo`, and the shop and the page that it ends with on a terminal."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from examples import chat
from examples.demo import free_port
from scripts import javascript

from floruntime import FloClient, web
from floruntime.testing import FloTestServer

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "examples.demo"]
END_OF_INPUT = b"\x04"
SECONDS_MAX = 60
PROMPT = r"open it in two tabs: (http://\S+).*Enter kills the server"
CONSOLE = r"watch it in the console: (http://\S+)/#code=(\S+)&namespace=shop\s"


class Terminal:
    """What a person sees of a program and types into it."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._unread = ""

    def seen(self, pattern: str) -> re.Match[str]:
        """Read on until `pattern` is there."""
        expression = re.compile(pattern, re.DOTALL | re.IGNORECASE)
        while (found := expression.search(self._unread)) is None:
            ready, _, _ = select.select([self._file], [], [], SECONDS_MAX)
            assert ready, f"no {pattern} in: {self._unread}"
            self._unread += self._decoder.decode(os.read(self._file, 4096))
        self._unread = self._unread[found.end() :]
        return found

    def type(self, keys: bytes) -> None:
        os.write(self._file, keys)


def environment(**added: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **added}


@contextmanager
def demo(folder: Path, **settings: str) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    """The demo on a terminal of its own."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        DEMO, cwd=folder, env=environment(**settings), stdin=its, stdout=its, stderr=its
    )
    os.close(its)
    try:
        yield Terminal(ours), process
    finally:
        os.close(ours)
        process.terminate()
        process.wait()


def loaded(url: str) -> str:
    with urlopen(url, timeout=SECONDS_MAX) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        text: str = answer.read().decode()
    return text


async def flag_of(page: str) -> bytes | None:
    """The flag, as the page reads it."""
    [server] = parse_qs(urlsplit(page).query)["server"]
    async with web.FloClient(f"ws://{server}/ws", namespace=chat.NAMESPACE) as client:
        return await client.kv.get(chat.FLAG)


async def the_shop_lives(endpoint: str, code: str) -> None:
    """The link logs in, and orders come in while somebody watches."""
    async with FloClient(endpoint, namespace="shop") as client:
        assert (await client.console.login(code)).token
        seen = 0
        async for record in client.stream.follow("events", start="$"):
            seen += b"placed" in record.payload
            if seen == 2:
                return


@pytest.mark.usefixtures("built")
async def test_on_a_terminal_it_ends_with_a_page_whose_server_is_killed_on_demand(
    tmp_path: Path,
) -> None:
    with demo(tmp_path) as (terminal, process):
        console, code = terminal.seen(CONSOLE).groups()
        await the_shop_lives(console.removeprefix("http://"), code)
        page = terminal.seen(PROMPT)[1]
        html = loaded(page)
        assert "Flo chat" in html
        used = re.findall(r'"((?:\.|\.\.)/[\w./-]+\.(?:js|css))"', html)
        assert len(used) == 3, used
        for each in used:
            assert loaded(page.split("?")[0] + each)
        assert await flag_of(page) == b"violet"
        terminal.type(b"\n")
        assert terminal.seen(PROMPT)[1] == page
        assert await flag_of(page) == b"violet"
        terminal.type(END_OF_INPUT)
        terminal.seen("the data lies in")
        assert process.wait(SECONDS_MAX) == 0


def test_on_a_terminal_without_node_it_says_what_is_left_out(tmp_path: Path) -> None:
    with demo(tmp_path, PATH="") as (terminal, process):
        terminal.seen(r"left out: no Node\.js with npm here; install it: ")
        terminal.seen("the data lies in")
        assert process.wait(SECONDS_MAX) == 0


def test_without_a_terminal_it_ends_by_itself(tmp_path: Path) -> None:
    run = subprocess.run(
        DEMO,
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "5. The server was killed" in run.stdout
    assert re.search(r"6 orders, .*\d completed", run.stdout)
    assert "chat" not in run.stdout


@pytest.mark.usefixtures("built")
def test_the_page_needs_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["chat", "127.0.0.1:1"])
    with pytest.raises(SystemExit, match="Start a server first: make run"):
        chat.main()


async def test_the_flag_keeps_the_value_it_has() -> None:
    async with FloTestServer() as server:
        await chat.first_flag(server.endpoint)
        async with FloClient(server.endpoint, namespace=chat.NAMESPACE) as client:
            await client.kv.put(chat.FLAG, "teal")
            await chat.first_flag(server.endpoint)
            assert await client.kv.get(chat.FLAG) == b"teal"


def test_the_page_is_built_when_a_source_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, made = tmp_path / "examples" / "chat" / "chat.ts", tmp_path / "made.js"
    source.parent.mkdir(parents=True)
    source.touch()
    monkeypatch.setattr(javascript, "JS", tmp_path)
    monkeypatch.setattr(chat, "BUILT", made)
    monkeypatch.setattr(javascript, "build", made.touch)
    for age_s in (0, -10, 10):
        chat.build_if_stale()
        os.utime(source, (made.stat().st_atime, made.stat().st_mtime + age_s))
    chat.build_if_stale()
    assert capsys.readouterr().out.count("Building the page") == 2


def test_the_demo_gets_its_port_back_after_a_kill() -> None:
    """The kernel gives those above to outgoing connections, such as a page that tries again."""
    port_range = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    assert 1024 < free_port() < int(port_range.split()[0])


def test_two_pages_at_once_have_two_ports() -> None:
    with chat.serving("127.0.0.1:9000") as one, chat.serving("127.0.0.1:9001") as other:
        assert urlsplit(one).port != urlsplit(other).port
        assert urlsplit(other).query == "server=127.0.0.1:9001"
