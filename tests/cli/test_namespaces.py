"""`flo ns`, and the namespace that commands work in."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Flo


async def test_create_list_and_delete(flo: Flo) -> None:
    created = await flo("ns", "create", "shop", "--json")
    assert created.json == {"name": "shop", "created": True}
    assert (await flo("ns", "create", "shop")).out == "was there\n"
    page = (await flo("ns", "list", "--json")).json
    assert "shop" in [each["name"] for each in page["items"]]
    assert "shop" in (await flo("ns", "list", "--all")).out
    assert (await flo("ns", "delete", "shop", "--json")).json == {"deleted": True}
    assert (await flo("ns", "delete", "shop")).code == 1


async def test_no_namespaces_is_empty(flo: Flo) -> None:
    result = await flo("ns", "list")
    assert (result.code, result.out, result.err) == (1, "", "no namespaces\n")


async def test_a_namespace_that_is_not_empty_wants_force(flo: Flo) -> None:
    await flo("-n", "shop", "kv", "put", "key", "value")
    assert (await flo("ns", "delete", "shop")).code == 3
    assert (await flo("ns", "delete", "shop", "--force")).code == 0
    assert (await flo("-n", "shop", "kv", "get", "key")).code == 1


async def test_the_namespace_may_stand_anywhere(flo: Flo, monkeypatch: pytest.MonkeyPatch) -> None:
    await flo("-n", "shop", "kv", "put", "key", "in shop")
    assert (await flo("kv", "get", "key")).code == 1
    assert (await flo("kv", "get", "key", "--namespace", "shop")).out == "in shop\n"
    assert (await flo("kv", "-nshop", "get", "key")).out == "in shop\n"
    monkeypatch.setenv("FLO_NAMESPACE", "shop")
    assert (await flo("kv", "get", "key")).out == "in shop\n"


async def test_a_bad_namespace_is_refused(flo: Flo) -> None:
    assert (await flo("-n", "1x", "kv", "get", "key")).code == 3
