"""The options of `flo server start` that make a server a node of a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="NATS",
        help="Addresses of NATS, such as nats://n1:4222,nats://n2:4222: be a node of a cluster.",
        show_default=False,
    ),
]
NodeName = Annotated[
    str | None,
    typer.Option(
        "--node", metavar="NAME", help="With --cluster: this node's name.", show_default=False
    ),
]
Advertise = Annotated[
    str | None,
    typer.Option(
        "--advertise",
        metavar="HOST:PORT",
        help="With --cluster: where clients and other nodes reach this one.",
        show_default=False,
    ),
]
ClusterName = Annotated[
    str | None,
    typer.Option(
        "--cluster-name",
        metavar="NAME",
        help="What everything begins with that the cluster makes in NATS.",
        show_default="flo",
    ),
]
Partitions = Annotated[
    int | None,
    typer.Option(
        "--partitions", help="How many a new cluster is made with, for good.", show_default="8"
    ),
]
Replicas = Annotated[
    int | None,
    typer.Option("--replicas", help="NATS's copies of each log.", show_default="3"),
]
Copies = Annotated[
    int | None,
    typer.Option("--copies", help="How many nodes keep each partition.", show_default="3"),
]
NatsCreds = Annotated[
    str | None,
    typer.Option("--nats-creds", metavar="FILE", help="Credentials for NATS.", show_default=False),
]
NatsCa = Annotated[
    str | None,
    typer.Option(
        "--nats-ca",
        metavar="FILE",
        help="The certificate that vouches for NATS (PEM).",
        show_default=False,
    ),
]
