"""Dashboard, alerts and their page name metrics that there are, and each alert says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from scripts.generate_metrics_docs import DISK, families, sections
from scripts.sections import DOCS, with_sections

from floruntime.server.metrics.families import STORE_GAUGES

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
PAGE = (DOCS / "operations.md").read_text()
RULES = yaml.safe_load((PACKAGING / "prometheus/flo.rules.yml").read_text())
DASHBOARD = json.loads((PACKAGING / "grafana/flo.json").read_text())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
NAME = re.compile(r"\b((?:flo|process)_[a-z_]+)\b")


def names() -> set[str]:
    """Every name that a sample may have."""
    found = {name for name, _ in [*DISK, *STORE_GAUGES.values()]}
    found |= {"process_resident_memory_bytes"}
    for family in families():
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count", ""]}
        found |= {family.name + end for end in ends.get(family.type, [""])}
    return found


def test_the_table_of_metrics_is_current() -> None:
    assert with_sections(PAGE, sections()) == PAGE, "run `make docs`"


def test_what_is_asked_for_is_there() -> None:
    texts = [rule["expr"] for rule in ALERTS]
    texts += [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    texts += [variable["query"] for variable in DASHBOARD["templating"]["list"]]
    asked = {name for text in texts for name in NAME.findall(text)}
    assert asked - names() == set()
    assert len(asked) > 15


def test_each_alert_says_what_to_do() -> None:
    told = re.findall(r"^\| `(Flo\w+)` \|", PAGE, re.M)
    assert told == [rule["alert"] for rule in ALERTS]


def test_the_page_names_metrics_that_there_are() -> None:
    prose = PAGE.partition("<!-- begin metrics")[0] + PAGE.partition("<!-- end metrics -->")[2]
    assert {name for name in NAME.findall(prose) if not name.endswith("_")} - names() == set()


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
