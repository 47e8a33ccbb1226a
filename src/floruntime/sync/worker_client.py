"""A worker's own connection, for its handlers that run in threads."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from floruntime.client.base import BaseClient
from floruntime.sync.client import FloClient
from floruntime.sync.portal import Portal


def for_threads(client: BaseClient, loop: asyncio.AbstractEventLoop, thread_id: int) -> FloClient:
    """`client`, whose event loop runs in the thread `thread_id`. A worker makes no workers."""
    return FloClient.on(cast(Any, client), Portal(loop, thread_id))
