"""The name of the store. A position that was told to a client is valid in this store only.

The server gives it a random name before it first tells a position over HTTP.
"""

from __future__ import annotations

from typing import Final

from floruntime.core.limits import check_name
from floruntime.core.system import StoreName
from floruntime.core.types import Value
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx, View


class StoreNameRow(Value, frozen=True):
    name: str


STORE_NAME: Final[Table[StoreNameRow]] = Table(b"un", StoreNameRow, cached=True)
_KEY = STORE_NAME.key()


def name_store(tx: Tx, request: StoreName) -> str:
    """Give the name, once."""
    row = tx.get(STORE_NAME, _KEY)
    if row is None:
        check_name("name", request.name)
        row = StoreNameRow(request.name)
        tx.put(STORE_NAME, _KEY, row)
    return row.name


def name_of(view: View) -> str | None:
    """The name, if it has one yet."""
    row = view.get(STORE_NAME, _KEY)
    return None if row is None else row.name
