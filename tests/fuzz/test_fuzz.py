"""A short attack in the normal tests; `make fuzz` goes on for longer."""

from __future__ import annotations

import secrets

from tests.fuzz.__main__ import attack


async def test_hostile_bytes_harm_nobody_else() -> None:
    seed = secrets.randbelow(2**32)
    fuzz = await attack(seed, 2.0)
    assert not fuzz.problems, f"python -m tests.fuzz --seconds 2 --seed {seed}: {fuzz.problems}"
