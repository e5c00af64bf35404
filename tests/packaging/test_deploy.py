"""The files in deploy/ pass their linters and name what exists."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.requirements import require_package
from tests.support.servers import ROOT

DEPLOY = ROOT / "deploy"


def test_the_dockerfile_passes_its_linter():
    program = Path(sys.executable).with_name("hadolint")

    done = subprocess.run(
        [program, "--no-color", DEPLOY / "Dockerfile"], capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_built_from_files_that_its_ignore_file_admits():
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")

    copied = {
        name
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.M)
        for name in line.split()
    }

    assert copied == set(re.findall(r"^!(.+)$", ignore, re.M))
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_lists_every_package_that_the_product_requires(tmp_path: Path):
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    command = re.search(r"/cyclonedx-py (environment .+) --output-file", dockerfile)[1]
    sbom = tmp_path / "sbom.cdx.json"
    program = Path(sys.executable).with_name("cyclonedx-py")

    subprocess.run(
        [program, *command.split(), "--no-validate", "--output-file", sbom, sys.executable],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )

    listed = json.loads(sbom.read_text(encoding="utf-8"))
    pins = re.findall(r"^([\w.-]+).*==(.+)$", (ROOT / "requirements.txt").read_text(), re.M)
    found = {(canonical(part["name"]), part["version"]) for part in listed["components"]}
    assert {(canonical(name), version) for name, version in pins} <= found
    assert listed["metadata"]["component"]["name"] == "pbf"


def canonical(name: str) -> str:
    """Return the name of a package as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_compose_file_keeps_to_the_schema_of_compose_files():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]

    done = subprocess.run(
        [*command, DEPLOY / "compose.yaml"], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stdout


def test_nginx_accepts_its_configuration(tmp_path: Path):
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    program = require_package(program, "nginx", "nginx")
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    # Outside Compose, the names of the containers are unknown.
    text = re.sub(r"server (app|proxy):", "server 127.0.0.1:", text)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\n{text}")

    done = subprocess.run(
        [program, "-t", "-e", tmp_path / "error.log", "-c", tmp_path / "nginx.conf"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr


def test_the_systemd_unit_is_valid(tmp_path: Path):
    program = require_package(shutil.which("systemd-analyze"), "systemd", "systemd")
    unit = (DEPLOY / "pbf.service").read_text(encoding="utf-8")
    # The program has to exist where the unit is checked.
    (tmp_path / "pbf.service").write_text(unit.replace("/opt/pbf/bin/pbf", sys.executable))

    done = subprocess.run(
        [program, "verify", "--recursive-errors=no", tmp_path / "pbf.service"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
