"""The admin's token from a file: in force from the start, over restarts, until another is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from floruntime import UnauthorizedError
from floruntime.server.access.admin_token import CHARS_MAX, adopting, read_admin_token
from floruntime.server.config import ConfigError
from floruntime.testing import FloTestServer

ONE, OTHER = "s3cr3t-of-a-container!", "flo_abcdefghij12_" + "x" * 43


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(ONE + "\n")
    path.chmod(0o600)
    return path


def test_a_line_end_is_not_part_of_it(file: Path) -> None:
    assert read_admin_token(str(file)) == ONE
    file.write_text("  " + ONE + "\r\n\n")
    assert read_admin_token(str(file)) == ONE
    file.chmod(0o444)  # as secrets of containers are mounted
    assert read_admin_token(str(file)) == ONE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"short", "5 characters"),
        (b"x" * (CHARS_MAX + 1), "more than 1000 characters"),
        (b"two words, of which none", "one line of ASCII"),
        (b"a-line-of-text-and\nanother-one", "one line of ASCII"),
        ("ü".encode() * 20, "one line of ASCII"),
        (b"\xff" * 20, "not text"),
    ],
)
def test_what_cannot_be_one_is_told_without_it(file: Path, content: bytes, told: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=told) as error:
        read_admin_token(str(file))
    assert str(file) in str(error.value)
    text = content.decode("utf-8", "replace").strip()
    assert not text or text not in str(error.value)


def test_who_may_write_it_could_become_an_admin(file: Path) -> None:
    file.chmod(0o666)
    with pytest.raises(ConfigError, match=r"mode 0666.*set its mode to 0600"):
        read_admin_token(str(file))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", tmp_path / "a\0b"):
        with pytest.raises(ConfigError, match=r"admin_token_file .* cannot be read"):
            read_admin_token(str(path))


def test_a_secret_of_any_form_has_an_id() -> None:
    assert adopting(OTHER).id == "abcdefghij12"
    ids = {adopting(f"{ONE}{number}").id for number in range(50)}
    assert len(ids) == 50
    assert all(len(id) == 12 and id.isalnum() for id in ids)


async def test_it_is_in_force_from_the_start_and_over_restarts(file: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    async with FloTestServer(data, admin_token_file=str(file)) as server:
        for _ in range(2):
            async with server.client(token=ONE) as client:
                assert len(await client.tokens.list()) == 1
                await client.kv.put("k", b"v")
            for wrong in (None, OTHER, ONE + "x"):
                with pytest.raises(UnauthorizedError):
                    await server.client(token=wrong).connect()
            await server.restart()
    async with FloTestServer(data) as server, server.client(token=ONE) as client:
        assert await client.kv.get("k") == b"v", "it is a token like others, without the setting"


async def test_another_content_takes_its_place(file: Path) -> None:
    async with FloTestServer(admin_token_file=str(file)) as server:
        async with server.client(token=ONE) as client:
            page = (await client.tokens.create("web")).token
        file.write_text(OTHER)  # noqa: ASYNC240 # a few bytes
        await server.restart()
        with pytest.raises(UnauthorizedError, match="revoked"):
            await server.client(token=ONE).connect()
        async with server.client(token=OTHER) as client:
            assert len(await client.tokens.list()) == 3
        async with server.client(token=page):
            pass


async def test_it_goes_beside_jwt(file: Path) -> None:
    async with FloTestServer(admin_token_file=str(file), jwt_secret="j" * 32) as server:
        async with server.client(token=ONE) as client:
            await client.tokens.create("web")
        with pytest.raises(UnauthorizedError):
            await server.client(token="a.b.c").connect()


async def test_a_file_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        await FloTestServer(admin_token_file=str(tmp_path / "missing")).start()
