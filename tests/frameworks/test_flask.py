"""Flask by `floruntime.sync`: the example, as a browser would use it."""

from __future__ import annotations

from examples.flask_notes import app, flo


def test_the_example_keeps_notes() -> None:
    with flo:
        client = app.test_client()
        assert client.put("/notes/a", data=b"milk").get_json() == {"version": 1}
        assert client.get("/notes/a").data == b"milk"
        assert client.get("/notes").get_json() == ["a"]
        assert client.get("/notes/b").status_code == 404
