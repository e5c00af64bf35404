"""The alert rules and the dashboard: valid, and about metrics that exist."""

import json
import re
import shutil
import subprocess

import pytest
from flask.testing import FlaskClient
from ruamel.yaml import YAML

from pbf.runtime import Runtime
from tests.support.metrics import metric_names
from tests.support.requirements import require_package
from tests.support.servers import ROOT

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"


@pytest.mark.parametrize("path", [ALERTS, DASHBOARD], ids=lambda path: path.name)
def test_every_metric_in_it_exists(client: FlaskClient, runtime: Runtime, path):
    client.get("/_/connectors")
    named = re.findall(r"\bpbf_[a-z_]+\b", path.read_text(encoding="utf-8"))

    metrics = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}

    assert metrics
    assert metrics <= metric_names(runtime)


def test_every_alert_says_what_is_wrong_and_what_to_do():
    (group,) = YAML(typ="safe").load(ALERTS)["groups"]

    for rule in group["rules"]:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert all(rule["annotations"][name] for name in ("summary", "description"))


def test_every_panel_of_the_dashboard_has_a_query():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]

    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.exhaustive
def test_prometheus_accepts_the_rules_and_the_queries_of_the_dashboard(tmp_path):
    promtool = require_package(shutil.which("promtool"), "promtool", "prometheus")
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(queries)]
    as_rules = tmp_path / "queries.yml"
    as_rules.write_text(
        json.dumps({"groups": [{"name": "dashboard", "rules": rules}]})
    )  # also YAML

    for path in (ALERTS, as_rules):
        result = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
