"""What an endpoint's text means."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.client.link.endpoint import (
    EmbeddedEndpoint,
    TcpEndpoint,
    WebEndpoint,
    parse_endpoint,
    parse_endpoints,
)
from floruntime.core.errors import BadRequestError
from floruntime.core.masked import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:9000", TcpEndpoint("localhost", 9000)),
        ("localhost", TcpEndpoint("localhost", 9000)),
        ("flo://db.example:1", TcpEndpoint("db.example", 1)),
        ("10.0.0.1:65535", TcpEndpoint("10.0.0.1", 65535)),
        ("[::1]:9001", TcpEndpoint("::1", 9001)),
        ("[fe80::1%eth0]", TcpEndpoint("fe80::1%eth0", 9000)),
        ("memory://", EmbeddedEndpoint("memory://")),
        ("file:./data", EmbeddedEndpoint("file:./data")),
        ("file:/var/flo", EmbeddedEndpoint("file:/var/flo")),
        ("file:///var/flo", EmbeddedEndpoint("file:/var/flo")),
        ("ws://localhost:9000/ws", WebEndpoint("localhost", 9000, "/ws", False)),
        ("ws://[::1]:9000", WebEndpoint("::1", 9000, "/ws", False)),
        ("ws://10.0.0.1/", WebEndpoint("10.0.0.1", 80, "/ws", False)),
        ("wss://db.example/flo/ws", WebEndpoint("db.example", 443, "/flo/ws", True)),
    ],
)
def test_endpoints(text: str, expected: Any) -> None:
    assert parse_endpoint(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "HOST:PORT"),
        ("  ", "HOST:PORT"),
        (":9000", "names no host"),
        ("a b:9000", "names no host"),
        ("host:", "port must be 1 to 65535"),
        ("host:0", "port must be"),
        ("host:65536", "port must be"),
        ("host:http", "port must be"),
        ("host:-1", "port must be"),
        ("host:٣", "port must be"),
        ("::1:9000", "brackets"),
        ("[::1", "not understood"),
        ("[]:9000", "not understood"),
        ("[::1]9000", "not understood"),
        ("http://host:9000/ws", "not understood"),
        ("ws://host:9000/ws?token=x", "not understood"),
        ("ws://me@host/ws", "not understood"),
        ("secret@host:9000", "not understood"),
        ("ws:///ws", "names no host"),
        ("ws://", "names no host"),
        ("ws://host:0/ws", "port must be"),
        ("ws://::1/ws", "brackets"),
        ("wss://host/a b", "names no host"),
        ("host:9000/path", "not understood"),
        ("memory://x", "takes nothing"),
        ("memory:", "takes nothing"),
        ("file:", "names no path"),
        ("file://host/path", "names a host"),
    ],
)
def test_endpoints_that_mean_nothing_say_so(text: str, says: str) -> None:
    with pytest.raises(BadRequestError, match=says) as caught:
        parse_endpoint(text)
    assert repr(masked(text)) in str(caught.value), "but for what may be a secret"


def test_several_nodes_have_commas_between_them() -> None:
    assert parse_endpoints("a:1, b:2,c") == [
        TcpEndpoint("a", 1),
        TcpEndpoint("b", 2),
        TcpEndpoint("c", 9000),
    ]
    assert parse_endpoints("a:1") == [TcpEndpoint("a", 1)]
    assert parse_endpoints("memory://") == EmbeddedEndpoint("memory://")
    assert parse_endpoints("file:a,b") == EmbeddedEndpoint("file:a,b")


@pytest.mark.parametrize("text", ["a:1,", ",a:1", "a:1,ws://b/ws", "a:1,b:0", "a:1,memory://"])
def test_of_several_each_must_be_a_node(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_endpoints(text)
