"""The settings: defaults, file, environment, flags; the last one wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from floruntime.core import limits
from floruntime.server.commit.durability import Durability
from floruntime.server.config import Config, ConfigError, is_loopback, load_config, make_config


def load(tmp_path: Path, text: str | None = None, flags: Any = None, **environment: str) -> Config:
    path = None
    if text is not None:
        path = str(tmp_path / "flo.toml")
        Path(path).write_text(text)
    return load_config(flags or {}, path=path, environment=environment)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config == Config()
    assert (config.bind, config.port, config.data_dir) == ("127.0.0.1", 9000, "./flo-data")
    assert config.durability is Durability.SYNC


def test_flags_go_over_environment_over_file(tmp_path: Path) -> None:
    text = 'port = 1\nlog_level = "debug"\ndurability = "async"\n'
    config = load(tmp_path, text, {"port": 3, "bind": None}, FLO_PORT="2", FLO_LOG_LEVEL="error")
    assert (config.port, config.log_level) == (3, "error")
    assert config.durability is Durability.ASYNC
    assert config.bind == "127.0.0.1"


def test_flo_toml_of_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "flo.toml").write_text("port = 4321")
    assert load_config({}, environment={}).port == 4321


def test_every_setting_can_come_from_the_environment(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        FLO_BIND="::1",
        FLO_DURABILITY="ephemeral",
        FLO_INSECURE="true",
        FLO_VALUE_BYTES_MAX="5",
        FLO_DATA_DIR="/d",
        FLO_LOG_FORMAT="json",
        OTHER="x",
    )
    assert (config.bind, config.insecure, config.value_bytes_max) == ("::1", True, 5)
    assert (config.durability, config.log_format) == (Durability.EPHEMERAL, "json")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "flo.toml: prot is not a setting; did you mean port"),
        ("favourite = 1", "flo.toml: favourite is not a setting$"),
        ('port = "x"', "flo.toml: port is 'x'; it must be a whole number"),
        ("insecure = 7", "insecure is 7; it must be true or false"),
        ("port = 65536", "port is 65536; 0 to 65535"),
        ("port = -1", "port is -1"),
        ('durability = "never"', "durability is 'never'; it must be sync or async or ephemeral"),
        ('log_level = "loud"', "'loud'; it must be debug or info or warning or error"),
        (f"value_bytes_max = {limits.VALUE_BYTES_CEILING + 1}", "value_bytes_max"),
        ("value_bytes_max = 0", "value_bytes_max"),
        ("connections_max = 0", "connections_max"),
        ("in_flight_max = 0", "in_flight_max"),
        ("pending_bytes_max = 1", "pending_bytes_max"),
        ("outbox_bytes_max = 1", "outbox_bytes_max"),
        ("disk_low_bytes = -1", "disk_low_bytes"),
        ("memory_bytes = 1000", "memory_bytes is 1000; 8388608 to"),
        ("connections_per_address_max = 0", "connections_per_address_max"),
        ("web_requests_per_second = 0", "web_requests_per_second"),
        ('allowed_origins = ["example.org"]', "example.org"),
        ('allowed_origins = ["https://example.org/"]', "without a path"),
        (
            'allowed_origins = "https://example.org"',
            "allowed_origins .* it must be a list of texts",
        ),
        ('jwt_secret = "short"', "has 5 bytes; HS256 needs at least 32"),
        ('jwt_jwks = "http://example.org/keys"', "https://"),
        ('jwt_jwks = "ftp://example.org/keys"', "https://"),
        ("port = ", "not TOML"),
    ],
)
def test_an_error_names_the_setting(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(tmp_path, text)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_config({}, path="none.toml", environment={})
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        load_config({}, path="bad.toml", environment={})


@pytest.mark.parametrize(
    ("value", "told"),
    [("x", "FLO_PORT is 'x'; it must be a whole number"), ("70000", "port is 70000")],
)
def test_a_bad_variable_is_refused(tmp_path: Path, value: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(tmp_path, FLO_PORT=value)


def test_a_flag_may_allow_what_the_file_binds(tmp_path: Path) -> None:
    config = load(tmp_path, 'bind = "0.0.0.0"', {"insecure": True})
    assert config.bind == "0.0.0.0"


@pytest.mark.parametrize(
    ("bind", "near"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("example.org", False),
        ("localhost.example.org", False),
    ],
)
def test_what_only_this_machine_reaches(bind: str, near: bool) -> None:
    assert is_loopback(bind) is near


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"tls_cert": "c"}, "tls_cert is given without tls_key"),
        ({"tls_key": "k"}, "tls_key is given without tls_cert"),
        ({"tls_client_ca": "a"}, "tls_client_ca is given without"),
        ({"jwt_issuer": "i"}, "jwt_issuer is given without"),
        ({"jwt_audience": "a"}, "jwt_audience is given without"),
    ],
)
def test_what_goes_together_is_judged_of_all_sources_together(
    tmp_path: Path, flags: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        load(tmp_path, flags=flags)
    both = {"FLO_TLS_CERT": "c", "FLO_TLS_KEY": "k", "FLO_JWT_SECRET": "s" * 32}
    config = load(tmp_path, flags=flags, **both)
    assert (config.tls_cert, config.tls_key) == ("c", "k")


def test_origins_come_from_the_environment_too(tmp_path: Path) -> None:
    config = load(tmp_path, FLO_ALLOWED_ORIGINS="https://a.example, null,")
    assert config.allowed_origins == ["https://a.example", "null"]


@pytest.mark.parametrize(
    "source", ["keys.json", "/etc/keys", "https://idp.example/keys", "http://127.0.0.1:8080/keys"]
)
def test_keys_come_from_files_and_addresses_that_nobody_can_change(source: str) -> None:
    assert Config(jwt_jwks=source).jwt_jwks == source


def test_the_largest_frame_holds_a_largest_value_or_batch() -> None:
    assert Config().frame_bytes_max > limits.BATCH_BYTES_MAX
    big = Config(value_bytes_max=limits.VALUE_BYTES_CEILING)
    assert big.frame_bytes_max > limits.VALUE_BYTES_CEILING


# Secrets, and what no setting may be


def test_no_secret_is_shown(tmp_path: Path) -> None:
    config = make_config({"jwt_secret": "s3cr3t" * 6})
    assert "s3cr3t" not in repr(config)
    assert "jwt_secret=(secret)" in repr(config)
    assert "port=9000" in repr(config)
    assert make_config({"jwt_secret": "s3cr3t" * 6}).jwt_secret == "s3cr3t" * 6
    for secret in ("s3cr3t", 12_345, ["s3cr3t"]):
        with pytest.raises(ConfigError) as error:
            make_config({"jwt_secret": secret})
        assert "s3cr3t" not in str(error.value)
        assert "12345" not in str(error.value)
    with pytest.raises(ConfigError) as error:
        make_config({"jwt_jwks": "ftp://me:s3cr3t@host/keys?key=s3cr3t"})
    assert "'ftp://***@host/keys?key=***'" in str(error.value)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"port": 10**5_000}, "port is a number of 16610 bits"),
        ({"port": "9" * 5_000}, "port is '9999"),
        ({"disk_low_bytes": -(10**400)}, "disk_low_bytes is -1000"),
        ({"data_dir": "a\0b"}, r"data_dir has the character U\+0000"),
        ({"tls_cert": "a\0b", "tls_key": "k"}, r"tls_cert has the character U\+0000"),
        ({"jwt_jwks": "https://[::1"}, "jwt_jwks is 'https://"),
        ({"jwt_jwks": "https://"}, "jwt_jwks is 'https://'"),
        ({"allowed_origins": ["http://[::1"]}, "allowed_origins"),
    ],
)
def test_a_setting_that_no_one_can_have_is_named(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make_config(settings)


@pytest.mark.parametrize("text", ["port = " + "9" * 5_000, "a = " + "[" * 5_000, "a = 1e99999x"])
def test_a_file_that_cannot_be_read_as_toml_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "flo.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"flo\.toml is not TOML"):
        load_config({}, path=str(tmp_path / "flo.toml"), environment={})
