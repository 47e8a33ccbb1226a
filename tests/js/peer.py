"""What JavaScript tests talk to: a test server whose clock they move, and a Python client of it.

python -m tests.js.peer

It says where it listens, in one line of JSON, and then answers each line with a line: `advance` and
`restart` of the server, `call` of a method of the client. Bytes are `{"bytes": HEX}`, stream ids
`{"id": TEXT}`. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import msgspec

from floruntime import FloError
from floruntime.client.client import FloClient
from floruntime.core.stream import StreamID
from floruntime.testing import FloTestServer


def given(value: Any) -> Any:
    """An argument as the other side writes it."""
    if isinstance(value, list):
        return [given(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"bytes"}:
        return bytes.fromhex(value["bytes"])
    if set(value) == {"id"}:
        return StreamID.parse(value["id"])
    return {name: given(each) for name, each in value.items()}


def shown(value: Any) -> Any:
    """A result as it is written to the other side."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, StreamID):
        return {"id": str(value)}
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items()}
    if isinstance(value, msgspec.Struct):
        return {name: shown(getattr(value, name)) for name in value.__struct_fields__}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return [shown(each) for each in value]


class Peer:
    """Carries out one line after the other."""

    def __init__(self, server: FloTestServer, client: FloClient) -> None:
        self._server = server
        self._client = client

    async def handle(self, line: str) -> dict[str, Any]:
        """The answer to one line."""
        asked = json.loads(line)
        try:
            return {"result": shown(await self._do(asked))}
        except FloError as error:
            return {"error": {"code": error.code, "message": error.message}}

    async def _do(self, asked: dict[str, Any]) -> Any:
        if asked["do"] == "advance":
            await self._server.advance(asked["ms"])
            return self._server.now_ms
        if asked["do"] == "restart":
            return await self._server.restart()
        method: Any = self._client
        for name in asked["method"].split("."):
            method = getattr(method, name)
        options = {name: given(value) for name, value in asked["options"].items()}
        return await method(*given(asked["arguments"]), **options)


async def main() -> None:
    """Serve until standard input ends."""
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with FloTestServer() as server, server.client() as client:
        print(json.dumps({"endpoint": server.endpoint}), flush=True)
        peer = Peer(server, client)
        while line := await reader.readline():
            print(json.dumps(await peer.handle(line.decode())), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
