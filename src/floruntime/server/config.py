"""The server's settings: defaults, then `flo.toml`, then environment, then flags. The last wins."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from enum import EnumType
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from floruntime.core import limits
from floruntime.core.masked import masked
from floruntime.core.nearest import nearest
from floruntime.server import limits as server_limits
from floruntime.server.access.origins import normal_origin
from floruntime.server.commit.durability import Durability

ENVIRONMENT_PREFIX = "FLO_"
MIB = 1024 * 1024
JWT_SECRET_BYTES_MIN = 32
MEMORY_BYTES_MIN = 8 * MIB
PARTITIONS_MAX = 1_024
REPLICAS_MAX = 5
COPIES_MAX = 16
NAME_IN_CLUSTER = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""Of a cluster or a node."""
OF_CLUSTERS = ("node", "advertise", "nats_creds", "nats_ca")
"""Settings that mean something only with `cluster`."""
SECRETS = ("jwt_secret", "metrics_token")
"""Settings whose values are shown nowhere, whatever is wrong with them."""


class ConfigError(ValueError):
    """A setting that cannot be used; the message names it and says what would be right."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting. Sizes are bytes; the names are those of `flo.toml`."""

    bind: str = "127.0.0.1"
    port: int = 9000
    data_dir: str = "./flo-data"
    durability: Durability = Durability.SYNC
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    value_bytes_max: int = limits.VALUE_BYTES_DEFAULT
    connections_max: int = server_limits.CONNECTIONS_MAX
    connections_per_address_max: int = server_limits.CONNECTIONS_PER_ADDRESS_MAX
    in_flight_max: int = server_limits.IN_FLIGHT_MAX
    pending_bytes_max: int = server_limits.PENDING_BYTES_MAX
    outbox_bytes_max: int = server_limits.OUTBOX_BYTES_MAX
    #: Answers, of all connections together, that clients have not read yet.
    answers_bytes_max: int = server_limits.ANSWERS_BYTES_MAX
    web_requests_per_second: int = server_limits.WEB_REQUESTS_PER_SECOND
    #: Files in PEM: the certificate (with its chain) and key that make the port speak TLS.
    tls_cert: str = ""
    tls_key: str = ""
    #: Clients must present a certificate signed by this one.
    tls_client_ca: str = ""
    #: Serve HTTP on the port, too. Without it, only TCP and WebSocket.
    http: bool = True
    #: With this token /metrics can be read without an admin's token.
    metrics_token: str = ""
    #: Web pages that may connect, such as https://app.example.org.
    allowed_origins: list[str] = []
    #: The size of the caches for data read or written; 0: a quarter of the machine's memory.
    memory_bytes: int = 0
    #: With less free disk space than this, growth is refused, until twice as much is free.
    disk_low_bytes: int = 256 * MIB
    #: The secret that signs JWT by HS256, at least 32 bytes.
    jwt_secret: str = ""
    #: The public keys of RS256 and ES256: a JWKS file, or an https:// address.
    jwt_jwks: str = ""
    #: The `iss` and `aud` that JWT must have; empty: any.
    jwt_issuer: str = ""
    jwt_audience: str = ""
    #: A file with the first admin's token. Another token in the file replaces that one.
    admin_token_file: str = ""
    #: Addresses of NATS, such as nats://n1:4222,nats://n2:4222; empty: one machine, alone.
    cluster: str = ""
    #: This node's name, and the host:port at which clients and other nodes reach it.
    node: str = ""
    advertise: str = ""
    #: The prefix of all names that the cluster creates in NATS.
    cluster_name: str = "flo"
    #: Fixed when the cluster is created.
    partitions: int = 8
    #: JetStream's copies of each log, and how many nodes keep each partition.
    replicas: int = 3
    copies: int = 3
    #: Files: credentials for NATS, and the certificate that signs those of NATS.
    nats_creds: str = ""
    nats_ca: str = ""
    #: Listen beyond loopback although anyone who can connect may do everything.
    insecure: bool = False

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not isinstance(value, int) and "\0" in str(value):
                raise ConfigError(
                    f"{name} has the character U+0000, which is not allowed in paths and texts"
                )
        _check("port", self.port, 0, 65_535)
        _check("value_bytes_max", self.value_bytes_max, 1, limits.VALUE_BYTES_CEILING)
        _check("connections_max", self.connections_max, 1, 1_000_000)
        _check("connections_per_address_max", self.connections_per_address_max, 1, 1_000_000)
        _check("web_requests_per_second", self.web_requests_per_second, 1, 1_000_000)
        self._check_jwt()
        for origin in self.allowed_origins:
            _check_origin(origin)
        _check("in_flight_max", self.in_flight_max, 1, 1_000_000)
        _check("pending_bytes_max", self.pending_bytes_max, 1024, 2**50)
        _check("outbox_bytes_max", self.outbox_bytes_max, 1024, 2**50)
        _check("answers_bytes_max", self.answers_bytes_max, 1024, 2**50)
        _check("disk_low_bytes", self.disk_low_bytes, 0, 2**50)
        if self.memory_bytes:
            _check("memory_bytes", self.memory_bytes, MEMORY_BYTES_MIN, 2**50)
        _check("partitions", self.partitions, 1, PARTITIONS_MAX)
        _check("replicas", self.replicas, 1, REPLICAS_MAX)
        _check("copies", self.copies, 1, COPIES_MAX)

    def __repr__(self) -> str:
        shown = (f"{name}={_shown(name, getattr(self, name))}" for name in self.__struct_fields__)
        return f"Config({', '.join(shown)})"

    def check_together(self) -> None:
        """What no source can be blamed for alone. Raises `ConfigError`."""
        if bool(self.tls_cert) != bool(self.tls_key):
            given, missing = ("tls_cert", "tls_key") if self.tls_cert else ("tls_key", "tls_cert")
            raise ConfigError(f"{given} is given without {missing}; TLS needs both")
        if self.tls_client_ca and not self.tls_cert:
            raise ConfigError(
                "tls_client_ca is given without tls_cert and tls_key; give these, too"
            )
        check_cluster(self)
        for name in ("jwt_issuer", "jwt_audience"):
            if getattr(self, name) and not (self.jwt_secret or self.jwt_jwks):
                raise ConfigError(
                    f"{name} is given without jwt_secret or jwt_jwks; give one of these, too"
                )

    def _check_jwt(self) -> None:
        if self.jwt_secret and len(self.jwt_secret.encode()) < JWT_SECRET_BYTES_MIN:
            raise ConfigError(
                f"jwt_secret has {len(self.jwt_secret.encode())} bytes; HS256 needs at least "
                f"{JWT_SECRET_BYTES_MIN}"
            )
        scheme, colon, _ = self.jwt_jwks.partition("://")
        host = _host_of(self.jwt_jwks) if colon else ""
        is_safe = scheme == "https" or (scheme == "http" and is_loopback(host))
        if colon and not (host and is_safe):
            raise ConfigError(
                f"jwt_jwks is {masked(self.jwt_jwks)!r}; it must be a file or an https:// "
                "address, since anyone who can change the keys in transit can make tokens"
            )

    @property
    def frame_bytes_max(self) -> int:
        """The largest frame: a largest value, or a full batch, and what goes around it."""
        return max(self.value_bytes_max, limits.BATCH_BYTES_MAX) + limits.FRAME_BYTES_OVERHEAD


def check_cluster(config: Config) -> None:
    """What of the settings of a cluster does not go together. Raises `ConfigError`."""
    if not config.cluster:
        for name in OF_CLUSTERS:
            if getattr(config, name):
                raise ConfigError(
                    f"{name} is given without cluster; set cluster, too, or leave {name} out"
                )
        return
    if config.durability is not Durability.SYNC:
        raise ConfigError(
            f"durability is {config.durability.value!r}; with cluster only 'sync' is "
            "allowed, since the cluster's log makes writes durable"
        )
    for name in ("node", "cluster_name"):
        if not NAME_IN_CLUSTER.fullmatch(getattr(config, name)):
            raise ConfigError(
                f"{name} is {limits.shown(getattr(config, name))}; with cluster, it must be "
                "1 to 32 letters, digits, - or _"
            )
    host, colon, port = config.advertise.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) <= 65_535):
        raise ConfigError(
            f"advertise is {limits.shown(config.advertise)}; with cluster, it must be the "
            "host:port at which clients and other nodes reach this node"
        )


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} is {limits.shown(value)}; {low} to {high} is allowed")


def _check_origin(origin: str) -> None:
    if normal_origin(origin) is None:
        raise ConfigError(
            f"allowed_origins has {origin!r}; an origin is SCHEME://HOST or SCHEME://HOST:PORT, "
            "without a path, such as https://app.example.org"
        )


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def open_to_all(config: Config) -> ConfigError:
    """Why a server without tokens does not listen where others could reach it."""
    return ConfigError(
        f"bind is {config.bind!r}: without tokens anyone who can connect may do everything, so "
        "only loopback addresses are allowed. Make a token first (`flo token create --data-dir "
        f"{config.data_dir} --role admin`), or override this with insecure = true (--insecure)"
    )


def without_nats(error: ModuleNotFoundError) -> Exception:
    """What is told where a module that a cluster needs is not there; `error` if another one is."""
    if (error.name or "").partition(".")[0] != "nats":
        return error
    return ConfigError(
        "cluster is given, but nats-py is not installed: pip install 'floruntime[cluster]'"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_config(
    flags: Mapping[str, Any],
    *,
    path: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Settings from a file, `FLO_*` variables and flags (`None` there: not given).

    Without `path`, `flo.toml` in the working directory is read if it is there. Raises
    `ConfigError`.
    """
    settings: dict[str, Any] = {}
    file = Path(path) if path is not None else Path("flo.toml")
    if path is not None or file.exists():
        settings |= _from_file(file)
    in_environment = _from_environment(os.environ if environment is None else environment)
    settings |= in_environment
    settings |= {name: value for name, value in flags.items() if value is not None}
    if not settings.get("cluster"):  # FLO_NODE may be anybody's: alone it means nothing
        settings = {
            name: value
            for name, value in settings.items()
            if name not in OF_CLUSTERS or value != in_environment.get(name)
        }
    return make_config(settings)


def make_config(settings: Mapping[str, Any]) -> Config:
    """Settings by name, of whatever source. Raises `ConfigError`."""
    config = _convert(settings, str)
    config.check_together()
    return config


def _from_file(file: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        raise ConfigError(f"{file} is not TOML: {error}") from None
    _convert(settings, lambda name: f"{file}: {name}")  # for its own mistakes
    return settings


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        field: environment[name]
        for field in Config.__struct_fields__
        if (name := _variable(field)) in environment
    }
    if "allowed_origins" in found:
        origins = found["allowed_origins"].split(",")
        found["allowed_origins"] = [origin.strip() for origin in origins if origin.strip()]
    _convert(found, _variable)
    return found


def _variable(setting: str) -> str:
    return ENVIRONMENT_PREFIX + setting.upper()


def _convert(settings: Mapping[str, Any], label: Callable[[str], str]) -> Config:
    """`label` makes of a setting's name what an error calls it."""
    types = get_type_hints(Config)
    for name, value in settings.items():
        if name not in types:
            near = nearest(name, types)
            hint = f"; did you mean {near}?" if near else ""
            raise ConfigError(f"{label(name)} is not a setting{hint}")
        try:
            msgspec.convert(value, types[name], strict=False)
        except msgspec.ValidationError:
            raise ConfigError(
                f"{label(name)} is {_shown(name, value)}; it must be {_wanted(types[name])}"
            ) from None
    try:
        return msgspec.convert(settings, Config, strict=False)
    except msgspec.ValidationError as error:
        raise error.__cause__ or error from None  # what `__post_init__` refused


def _shown(name: str, value: object) -> str:
    is_secret = name in SECRETS and value != ""
    return "(secret)" if is_secret else limits.shown(value)


def _wanted(kind: Any) -> str:
    """What a setting of this type may be."""
    if isinstance(kind, EnumType):
        return " or ".join(kind)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    names = {bool: "true or false", int: "a whole number", str: "text"}
    return " or ".join(choices) or names.get(kind, "a list of texts")
