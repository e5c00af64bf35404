"""The files in deploy/ pass their linters and name what exists."""

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
