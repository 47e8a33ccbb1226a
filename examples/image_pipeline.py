"""An image pipeline of three actions: fetch, resize, publish.

`python examples/image_pipeline.py [HOST:PORT]` runs everything in one process; without an address
the server is inside it, too. In earnest the worker is a process of its own:
`flo worker run examples.image_pipeline:worker`.

The images are PGM, the simplest format there is, so that this needs no library.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import Any

from floruntime import ActionContext, ActionWorker, FloClient, NonRetryableError, RunStatus

worker = ActionWorker("localhost:9000", namespace="images", concurrency=4)


@worker.action("fetch-image", max_retries=5, retry_delay_ms=500)
async def fetch_image(ctx: ActionContext) -> dict[str, Any]:
    """Get an image from where it is. (Here it is drawn: a gradient.)"""
    name, side = ctx.json()["name"], ctx.json()["side"]
    if side < 1:
        raise NonRetryableError(f"{name} has no pixels")  # another attempt would not help
    ctx.log.info("drawing %d by %d pixels", side, side)
    pixels = bytes((x + y) * 255 // (2 * side) for y in range(side) for x in range(side))
    return {"name": name, "side": side, "pixels": base64.b64encode(pixels).decode()}


@worker.action("resize-image", timeout_ms=60_000)
def resize_image(ctx: ActionContext) -> dict[str, Any]:
    """Halve an image. A plain function: it runs in a thread (`process=True`: in a process)."""
    image = ctx.json()
    side, pixels = image["side"], base64.b64decode(image["pixels"])
    half = max(1, side // 2)
    smaller = bytes(pixels[2 * y * side + 2 * x] for y in range(half) for x in range(half))
    return {**image, "side": half, "pixels": base64.b64encode(smaller).decode()}


@worker.action("publish-image")
async def publish_image(ctx: ActionContext) -> bytes:
    """Make it a file in PGM format, which is the output of the run."""
    image = ctx.json()
    head = f"P5 {image['side']} {image['side']} 255\n".encode()
    return head + base64.b64decode(image["pixels"])


async def pipeline(client: FloClient, name: str, side: int) -> bytes:
    """One image through all three. Each step is durable: it survives workers and servers."""
    data = f'{{"name": "{name}", "side": {side}}}'.encode()
    for action in ("fetch-image", "resize-image", "publish-image"):
        run = await client.action.call(action, data, idempotency_key=f"{name}-{side}")
        if run.status is not RunStatus.COMPLETED or run.output is None:
            raise RuntimeError(f"{action} of {name}: {run.status}: {run.error}")
        print(f"  {action:<14} {run.run_id:<10} {len(data):>6} → {len(run.output):>6} bytes")
        data = run.output
    return data


async def main(endpoint: str) -> None:
    """Three images at once."""
    async with FloClient(endpoint, namespace="images") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        images = {"cat": 64, "dog": 128, "owl": 32}
        done = await asyncio.gather(*(pipeline(client, *image) for image in images.items()))
        for name, file in zip(images, done, strict=True):
            print(f"{name}: {file.splitlines()[0].decode()}, {len(file)} bytes")
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
