"""The settings as a `TypedDict`, for functions that pass them on: checked by mypy.

Their meanings, defaults and limits are in `config.py`; a test compares the two.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from floruntime.server.commit.durability import Durability


class ServerSettings(TypedDict, total=False):
    """What `flo.toml` may say, but for `data_dir`, which is a parameter of its own."""

    bind: str
    port: int
    durability: Durability | Literal["sync", "async", "ephemeral"]
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["text", "json"]
    value_bytes_max: int
    connections_max: int
    connections_per_address_max: int
    in_flight_max: int
    pending_bytes_max: int
    outbox_bytes_max: int
    answers_bytes_max: int
    web_requests_per_second: int
    tls_cert: str
    tls_key: str
    tls_client_ca: str
    http: bool
    metrics_token: str
    allowed_origins: list[str]
    memory_bytes: int
    disk_low_bytes: int
    jwt_secret: str
    jwt_jwks: str
    jwt_issuer: str
    jwt_audience: str
    admin_token_file: str
    cluster: str
    node: str
    advertise: str
    cluster_name: str
    partitions: int
    replicas: int
    copies: int
    nats_creds: str
    nats_ca: str
    insecure: bool
