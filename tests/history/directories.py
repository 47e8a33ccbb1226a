"""Data directories of history: written by the code that is checked out, and opened by any later.

A directory is kept as an archive without what names the machine that wrote it (RocksDB's own log).
"""

from __future__ import annotations

import io
import json
import lzma
import os
import signal
import tarfile
from pathlib import Path

from floruntime.testing import FloTestServer
from tests.history.left import action, kv, later, queue, stream, system, workflow
from tests.history.left.scene import Notes, Scene

HERE = Path(__file__).parent
ENDS = ("closed", "killed")
PRIMITIVES = {
    "queue": queue,
    "stream": stream,
    "action": action,
    "workflow": workflow,
    "later": later,
    "system": system,
    "kv": kv,  # the last, for `last_version`
}


async def write_directory(directory: Path, notes_path: Path, end: str) -> None:
    """Leave everything in `directory`, then end as told; `killed` does not return."""
    server = FloTestServer(str(directory))
    await server.start()
    async with server.client() as first:
        token = (await first.tokens.create("admin", description="of the tests")).token
    client = server.client(token=token, timeout_ms=60_000)
    await client.connect()
    notes = await _leave(Scene(server, client, token))
    notes_path.write_text(  # noqa: ASYNC240 # nothing else goes on
        json.dumps(notes, indent=1) + "\n"
    )
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    await client.close()
    await server.stop()


async def _leave(scene: Scene) -> Notes:
    for primitive in PRIMITIVES.values():
        await primitive.prepare(scene)
    notes: Notes = {"token": scene.token}
    for name, primitive in PRIMITIVES.items():
        notes[name] = await primitive.leave(scene)
    notes["now_ms"] = scene.server.now_ms
    await system.doom(scene)
    return notes


def pack(directory: Path) -> bytes:
    """The archive of `directory`, the same for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and not path.name.startswith(("LOG", "OPTIONS")):
                entry = tarfile.TarInfo(str(path.relative_to(directory)))
                entry.size, entry.mode = path.stat().st_size, 0o600
                archive.addfile(entry, io.BytesIO(path.read_bytes()))
    return lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def unpack(archive: Path, directory: Path) -> None:
    """A copy of what `archive` keeps, as `directory`."""
    with tarfile.open(archive, mode="r:xz") as packed:
        for entry in packed:
            content = packed.extractfile(entry)
            assert content is not None, f"{entry.name} is no file"
            path = directory / entry.name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content.read())
