"""A Flask application by the client that does not await: `flask --app examples.flask_notes run`.

FLO_URL says where the server is; without it the application has one of its own (`memory://`).
"""

from __future__ import annotations

import os

from flask import Flask, abort, request

from floruntime.sync import FloClient

app = Flask(__name__)
flo = FloClient(os.environ.get("FLO_URL", "memory://"))  # it connects with the first call


@app.put("/notes/<name>")
def write(name: str) -> dict[str, int]:
    """Keep a note; the version that it became."""
    return {"version": flo.kv.put(f"note:{name}", request.get_data()).version}


@app.get("/notes/<name>")
def read(name: str) -> str:
    """A note."""
    entry = flo.kv.entry(f"note:{name}")
    if entry is None:
        abort(404)
    return entry.text()


@app.get("/notes")
def names() -> list[str]:
    """All of them, by name."""
    return [entry.key.removeprefix("note:") for entry in flo.kv.iterate("note:", keys_only=True)]
