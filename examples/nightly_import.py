"""A nightly import: a row of a file is an item, a hundred at once, and one bad row stops no other.

`python examples/nightly_import.py [HOST:PORT [ROWS]]`. The definition is
`examples/workflows/nightly-import.yaml`: 10,000 rows are one run, whose row in the store does not
grow with them. Where the server or a worker is killed, only what was under way is done again.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from floruntime import ActionContext, FloClient, NonRetryableError

DEFINITION = Path(__file__).parent / "workflows" / "nightly-import.yaml"
BAD_ROW = 4_321


async def main(endpoint: str, rows: int = 10_000) -> None:
    """Import the rows, and say which was bad."""
    imported: set[int] = set()
    async with FloClient(endpoint) as client:
        worker = client.new_action_worker(concurrency=200)

        @worker.action("read-file")
        async def read_file(ctx: ActionContext) -> list[str]:
            return ["?" if number == BAD_ROW % rows else f"{number}" for number in range(rows)]

        @worker.action("import-row", max_retries=2)
        async def import_row(ctx: ActionContext) -> None:
            row: dict[str, Any] = ctx.json()
            if not row["row"].isdigit():
                raise NonRetryableError(f"row {row['number']} has no number in it")
            imported.add(row["number"])

        @worker.action("report-rows")
        async def report_rows(ctx: ActionContext) -> dict[str, Any]:
            return ctx.json()  # type: ignore[no-any-return]  # JSON is anything

        async with worker:
            await client.workflow.sync_file(DEFINITION)
            run_id = await client.workflow.start("nightly-import")
            run = await client.workflow.wait(run_id, block_ms=300_000)
            report = run.json()
            print(f"{run.status}: {len(imported)} rows, {report['count']} failed")
            for failed in report["failed"]:
                print(f"row {failed['index']}: {failed['error']}")


if __name__ == "__main__":
    asyncio.run(
        main(
            sys.argv[1] if len(sys.argv) > 1 else "memory://",
            int(sys.argv[2]) if len(sys.argv) > 2 else 10_000,
        )
    )
