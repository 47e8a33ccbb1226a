"""The options of `flo server start` that make a server a node of a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="NATS",
        help="Run as a node of a cluster, on NATS at these addresses, such as "
        "nats://n1:4222,nats://n2:4222.",
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
        help="With --cluster: where clients and other nodes reach this node.",
        show_default=False,
    ),
]
ClusterName = Annotated[
    str | None,
    typer.Option(
        "--cluster-name",
        metavar="NAME",
        help="The prefix of every name that the cluster creates in NATS.",
        show_default="flo",
    ),
]
Partitions = Annotated[
    int | None,
    typer.Option(
        "--partitions",
        help="The number of partitions of a new cluster. It cannot be changed later.",
        show_default="8",
    ),
]
Replicas = Annotated[
    int | None,
    typer.Option("--replicas", help="How many copies NATS keeps of each log.", show_default="3"),
]
Copies = Annotated[
    int | None,
    typer.Option(
        "--copies", help="How many nodes keep a copy of each partition.", show_default="3"
    ),
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
        help="The certificate that signs those of NATS (PEM).",
        show_default=False,
    ),
]
