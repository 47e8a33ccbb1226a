"""Measure Flo beside its peers, task queues and alone, into a table: `python -m bench --help`."""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import cast

from bench import compare, report
from bench.peers import PEERS
from bench.report import Row
from bench.servers import REDIS_MISSING
from bench.settings import Settings, quick
from bench.talk import BenchError

ALONE = (
    *("tasks", "workflows", "keyed", "waiting", "alone", "growth"),
    *("bystander", "bulk", "footprint", "cluster", "gateway"),
)
PARTS = (*compare.WORKS, *ALONE)
_NEEDS_REDIS = {*compare.WORKS, "tasks", "alone"}


def main() -> int:
    """Run the parts that were asked for."""
    arguments = _arguments()
    parts = arguments.only
    if _NEEDS_REDIS & set(parts) and shutil.which("redis-server") is None:
        print(REDIS_MISSING, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=arguments.dir) as name:
        directory = Path(name).resolve()
        settings = quick(directory) if arguments.quick else Settings(directory)
        facts = report.machine_facts(directory)
        if set(compare.WORKS) & set(parts):
            facts |= {peer.name: peer.told_version() for peer in PEERS}
        _print_header(facts, settings)
        try:
            done = list(_measure(settings, parts))
        except BenchError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    rows = [row for row, _ in done]
    print(report.markdown(rows))
    if arguments.json is not None:
        arguments.json.write_text(_as_json(facts, done))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short and small, to try it out")
    parser.add_argument(
        "--only", type=_parts, default=list(PARTS), metavar="PARTS", help=", ".join(PARTS)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--dir", type=Path, default=Path(), help="where the data goes (its disk)")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    for part in parts:
        if part not in PARTS:
            raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(PARTS)}")
    return parts


def _print_header(facts: dict[str, str], settings: Settings) -> None:
    print("\n".join(f"- {name}: {fact}" for name, fact in facts.items()))
    print(
        f"- medians of {settings.repetitions} repetitions of {settings.measured_s:g} s in turns "
        "(lowest to highest), 100-byte values"
    )
    if settings.is_quick:
        print("- quick: too short and too small to judge by")
    print(flush=True)


def _measure(settings: Settings, parts: list[str]) -> Iterator[tuple[Row, object]]:
    """Each row, and the raw figures behind it."""
    for part in parts:
        print(f"measuring {part} …", file=sys.stderr, flush=True)
        if part in compare.WORKS:
            for comparison in compare.compare(settings, part):
                for row in comparison.rows():
                    yield row, asdict(comparison)
        else:
            for row in _alone(part)(settings):
                yield row, None


def _alone(part: str) -> Callable[[Settings], list[Row]]:
    """The module of a part that measures by itself; loaded late, for what it loads in turn."""
    module = importlib.import_module(f"bench.{'workflow_growth' if part == 'waiting' else part}")
    return cast(Callable[[Settings], list[Row]], module.measure)


def _as_json(facts: dict[str, str], done: list[tuple[Row, object]]) -> str:
    rows = [{**asdict(row), "figures": figures} for row, figures in done]
    return json.dumps({"machine": facts, "rows": rows}, indent=1)


if __name__ == "__main__":
    sys.exit(main())
