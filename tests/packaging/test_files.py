"""What `packaging/` says is true of the server: settings by their names, paths, probes, a unit."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from floruntime.server.config import Config, load_config

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
SETTINGS = {f"FLO_{name.upper()}" for name in Config.__struct_fields__}
FILES = ("Dockerfile", "compose.yaml", "compose-cluster.yaml", "flo.service", "kubernetes.yaml")
EXPOSURE_MAX = 2.0
"""What `systemd-analyze security` may give at most; 10 is the worst."""


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((PACKAGING / name).read_text()))


@pytest.mark.parametrize("name", FILES)
def test_variables_are_settings(name: str) -> None:
    named = set(re.findall(r"\bFLO_[A-Z_]+\b", (PACKAGING / name).read_text()))
    assert named, "it says where the data lies"
    assert named <= SETTINGS


def test_what_listens_beyond_its_machine_is_given_a_token() -> None:
    [compose] = documents("compose.yaml")
    server = compose["services"]["flo"]
    [secret] = server["secrets"]
    assert server["environment"]["FLO_ADMIN_TOKEN_FILE"] == f"/run/secrets/{secret}"
    assert secret in compose["secrets"]
    _, stateful = documents("kubernetes.yaml")
    spec = stateful["spec"]["template"]["spec"]
    [container] = spec["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    [admin] = [each["name"] for each in spec["volumes"] if "secret" in each]
    assert given["FLO_ADMIN_TOKEN_FILE"] == f"{mounts[admin]}/token"


def test_the_image_is_not_roots_and_looks_after_itself() -> None:
    text = (PACKAGING / "Dockerfile").read_text()
    last_stage = text[text.rindex("FROM ") :]
    for instruction in ("USER flo", "VOLUME /data", "HEALTHCHECK", "STOPSIGNAL SIGTERM"):
        assert instruction in last_stage
    assert "/readyz" in last_stage
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M)
    for path in " ".join(copied).split():
        assert (PACKAGING.parent / path).exists(), path


def test_one_server_has_a_volume_and_no_rights() -> None:
    [compose] = documents("compose.yaml")
    server = compose["services"]["flo"]
    assert (PACKAGING.parent / server["build"]["dockerfile"]).exists()
    assert server["cap_drop"] == ["ALL"]
    assert server["volumes"] == ["flo-data:/data"]
    assert set(compose["volumes"]) == {"flo-data"}


def test_the_nodes_of_a_cluster_have_settings_that_go_together() -> None:
    [compose] = documents("compose-cluster.yaml")
    services = compose["services"]
    nodes = {name: each for name, each in services.items() if name.startswith("flo-")}
    for name, node in nodes.items():
        config = load_config({}, environment=node["environment"])
        assert config.advertise == f"{name}:9000"
        hosts = re.findall(r"nats://([\w-]+):4222", config.cluster)
        assert set(hosts) == set(node["depends_on"]) <= set(services)
        [volume] = node["volumes"]
        assert volume.removesuffix(":/data") in compose["volumes"]
    [prometheus] = documents("prometheus/prometheus.yml")
    [scrape] = prometheus["scrape_configs"]
    [targets] = scrape["static_configs"]
    assert targets["targets"] == [f"{name}:9000" for name in nodes]
    token = scrape["authorization"]["credentials_file"]
    assert token == next(iter(nodes.values()))["environment"]["FLO_ADMIN_TOKEN_FILE"]
    for mount in services["prometheus"]["volumes"]:
        assert (PACKAGING / mount.split(":")[0]).exists()


def test_a_stateful_set_has_probes_and_a_disk() -> None:
    service, stateful = documents("kubernetes.yaml")
    assert (service["kind"], stateful["kind"]) == ("Service", "StatefulSet")
    spec = stateful["spec"]["template"]["spec"]
    [container] = spec["containers"]
    paths = {
        probe: container[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("startup", "readiness", "liveness")
    }
    assert paths == {"startup": "/readyz", "readiness": "/readyz", "liveness": "/healthz"}
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    claims = {claim["metadata"]["name"] for claim in stateful["spec"]["volumeClaimTemplates"]}
    assert mounts == claims | {volume["name"] for volume in spec["volumes"]}
    assert stateful["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert spec["securityContext"]["runAsNonRoot"] is True


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_the_unit_is_right_and_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "flo.service"
    text = (PACKAGING / "flo.service").read_text()
    unit.write_text(text.replace("/opt/flo/bin/flo", sys.executable))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60
    )
    ours = [line for line in verified.stderr.splitlines() if "flo.service" in line]
    assert not ours
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    exposure = re.search(r"exposure level[^:]*: ([0-9.]+)", judged.stdout)
    assert exposure is not None, judged.stderr
    assert float(exposure[1]) <= EXPOSURE_MAX
