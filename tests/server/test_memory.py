"""How much memory a server may use to keep what it has read."""

from __future__ import annotations

import os
from pathlib import Path

from floruntime.core.limits import MIB
from floruntime.server.config import Config
from floruntime.server.memory import blocks_bytes, budget_bytes, machine_bytes
from floruntime.testing import FloTestServer


def test_it_is_a_quarter_of_the_machine_unless_it_is_told(tmp_path: Path) -> None:
    everything = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    none = tmp_path / "none"
    assert machine_bytes(none) == everything
    assert budget_bytes(Config(), none) == everything // 4
    assert budget_bytes(Config(memory_bytes=9 * MIB), none) == 9 * MIB


def test_a_container_has_no_more_than_it_may_use(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(f"{1_024 * MIB}\n")
    assert budget_bytes(Config(), limit) == 256 * MIB
    limit.write_text("max\n")
    assert machine_bytes(limit) == machine_bytes(tmp_path / "none")
    limit.write_text(f"{100 * MIB}\n")
    assert budget_bytes(Config(), limit) == 64 * MIB, "too little to be worth it"


async def test_info_tells_it(tmp_path: Path) -> None:
    directory = str(tmp_path / "data")
    async with FloTestServer(directory, memory_bytes=16 * MIB) as server, server.client() as client:
        assert (await client.info()).memory_bytes == 16 * MIB
        store = server.server.storage.store
        assert store.property_of("rocksdb.block-cache-capacity") == blocks_bytes(16 * MIB)  # type: ignore[attr-defined]  # RocksDB's
    async with FloTestServer() as server, server.client() as client:
        assert (await client.info()).memory_bytes == 0
