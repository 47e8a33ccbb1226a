"""A JSON document that a batch edits several times: read once, and written once, at the end.

Reading and writing a large document takes much longer than an edit. So within a batch the document
stays open. Each edit is judged at once and gets its version at once. The result of the last edit is
written when the batch ends, or before any other command of the batch needs the key. Nobody can see
the document between two commands of a batch.
"""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.engine.kv.rows import KV, KvRow, change, load, take_version
from floruntime.engine.state.json_document import Step
from floruntime.engine.state.json_tree import JsonTree
from floruntime.engine.state.tx import Tx
from floruntime.engine.system.namespaces import ensure_namespace, namespace_id


class OpenDocument:
    """The document under `key`."""

    def __init__(self, tx: Tx, key: str, at: bytes, row: KvRow) -> None:
        self.tree = JsonTree(key, row.value)
        self._tx = tx
        self._key = key
        self._at = at
        self._row = row
        self._version = 0

    def edited(self) -> int:
        """It was edited; answers the version that this makes."""
        self._version = take_version(self._tx)
        return self._version

    def write(self) -> None:
        """Put what it has become under its key."""
        if not self._version:
            return
        tx, row = self._tx, self._row
        text = limits.check_value("value", self.tree.text(), tx.value_bytes_max)
        change(
            tx,
            ensure_namespace(tx),
            self._at,
            self._key,
            row,
            text,
            expires_at_ms=row.expires_at_ms,
            version=self._version,
        )


def open_document(tx: Tx, key: str) -> OpenDocument | None:
    """The live document under `key`, open for the rest of a batch; `None` where there is none."""
    at = KV.key(namespace_id(tx), tail=limits.check_key(key))
    opened = tx.deferred.get(at)
    if opened is not None:
        assert isinstance(opened, OpenDocument), "what is deferred of a key is its document"
        return opened
    _, at, row = load(tx, key)
    if row is None or row.deleted:
        return None
    opened = OpenDocument(tx, key, at, row)
    _count(tx, opened.tree.size_bytes)
    tx.deferred[at] = opened
    return opened


def _count(tx: Tx, size_bytes: int) -> None:
    counted_bytes = tx.deferred_bytes
    tx.deferred_bytes += size_bytes
    if counted_bytes and tx.deferred_bytes > limits.BATCH_DOCUMENTS_BYTES_MAX:
        raise BadRequestError(
            f"this batch edits JSON documents of {tx.deferred_bytes} bytes together; at most "
            f"{limits.BATCH_DOCUMENTS_BYTES_MAX} are allowed: send several batches"
        )


def set_in(
    opened: OpenDocument,
    path: str,
    steps: tuple[Step, ...],
    value: Any,
    text: bytes,
    bytes_max: int,
) -> int:
    """Set what lies at `steps` of an open document; answers the version that this makes."""
    tree = opened.tree
    size_bytes = tree.size_bytes + tree.grows_by(steps, text)
    if size_bytes > bytes_max:
        raise BadRequestError(
            f"value has {size_bytes} bytes; this server takes at most {bytes_max}"
        )
    tree.replace(path, steps, value, text)
    return opened.edited()


def delete_in(opened: OpenDocument, steps: tuple[Step, ...]) -> bool:
    """Delete what lies at `steps` of an open document; answers whether it was there."""
    if not opened.tree.remove(steps):
        return False
    opened.edited()
    return True
