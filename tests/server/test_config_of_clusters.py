"""Settings of a node of a cluster, and what of them does not go together."""

from __future__ import annotations

from typing import Any

import pytest

from floruntime.server.config import ConfigError, load_config, make_config

NODE = {"cluster": "nats://n1:4222", "node": "a", "advertise": "a.example:9000"}


def test_a_node_has_these_defaults() -> None:
    config = make_config(NODE)
    assert (config.cluster_name, config.partitions) == ("flo", 8)
    assert (config.replicas, config.copies) == (3, 3)
    assert make_config({}).cluster == ""


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"node": "a"}, "node is given without cluster"),
        ({"advertise": "a:1"}, "advertise is given without cluster"),
        ({"nats_creds": "f"}, "nats_creds is given without cluster"),
        (
            {**NODE, "durability": "async"},
            "durability is 'async'; with cluster only 'sync' is allowed",
        ),
        ({**NODE, "node": ""}, "node is ''; with cluster, it must be 1 to 32 letters"),
        ({**NODE, "node": "a b"}, "node is 'a b'"),
        ({**NODE, "cluster_name": "x.y"}, r"cluster_name is 'x\.y'"),
        ({**NODE, "advertise": ""}, "advertise is ''; with cluster, it must be the host:port"),
        ({**NODE, "advertise": "host"}, "advertise is 'host'"),
        ({**NODE, "advertise": "host:0"}, "advertise is 'host:0'"),
        ({**NODE, "partitions": 0}, "partitions is 0; 1 to 1024"),
        ({**NODE, "replicas": 6}, "replicas is 6; 1 to 5"),
        ({**NODE, "copies": 0}, "copies is 0"),
    ],
)
def test_what_cannot_be_is_named(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make_config(settings)


def test_without_a_cluster_what_the_environment_says_of_nodes_means_nothing() -> None:
    assert load_config({}, environment={"FLO_NODE": "/usr/bin/node"}).node == ""
    with pytest.raises(ConfigError, match="node is given without cluster"):
        load_config({"node": "a"}, environment={})
