"""Checks definitions of workflows in a thread, before the command that brings them.

Checking a megabyte of definitions takes seconds, and would block the event loop for all others. The
result depends on the text alone. So when the command is applied in the loop, it finds the result
ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from floruntime.core.workflow import WorkflowSync, WorkflowSyncPreview, WorkflowValidate
from floruntime.engine.workflow.language.validation import check_ahead, forget_ahead

log = logging.getLogger("floruntime.server")

CHECKED_AT_ONCE_BYTES_MAX = 8 * 1024
"""So much is checked in the loop: it takes some milliseconds."""


def documents_of(request: Any) -> list[bytes]:
    """The definitions in a request that take long to check; none, where it has none."""
    if isinstance(request, WorkflowValidate):
        return [request.document]
    if isinstance(request, (WorkflowSync, WorkflowSyncPreview)):
        return request.documents
    return []


class Checking:
    """One thread, begun with the first definitions that are large."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked: queue.SimpleQueue[tuple[list[bytes], Callable[[], None]]]
        self._asked = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, documents: list[bytes], then: Callable[[], None]) -> None:
        """Check them, and then, on the loop, do what finds them checked."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="flo-check", daemon=True)
            self._thread.start()
        self._asked.put((documents, then))

    def _run(self) -> None:
        while True:
            documents, then = self._asked.get()
            try:
                check_ahead(documents)
            except Exception:  # a bug; the command meets it, too, and tells of it
                log.exception("definitions could not be checked ahead")
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._done, documents, then)

    def _done(self, documents: list[bytes], then: Callable[[], None]) -> None:
        try:
            then()
        finally:
            forget_ahead(documents)
