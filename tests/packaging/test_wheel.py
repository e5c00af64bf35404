"""The wheel holds everything the dashboard needs, and runs wherever it is installed."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from tests.support.servers import ROOT, clean_environment, free_port, running


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return next(folder.glob("*.whl"))


def files_of_the_checkout() -> set[str]:
    """Every file of the product in the checkout, by its path in the wheel."""
    package = [path for path in (ROOT / "pbf").rglob("*") if path.is_file()]
    dashboard = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), ROOT / ".streamlit/config.toml"]
    names = {path.relative_to(ROOT).as_posix() for path in package if path.suffix != ".pyc"}
    return names | {f"pbf/dashboard/{path.relative_to(ROOT).as_posix()}" for path in dashboard}


def test_the_wheel_holds_every_file_of_the_product_and_no_other(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert names == files_of_the_checkout()


def test_the_wheel_requires_what_the_checkout_requires(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("pbf-0.1.0.dist-info/METADATA").decode()
        programs = archive.read("pbf-0.1.0.dist-info/entry_points.txt").decode()

    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    required = re.findall(r"^Requires-Dist: ([^;\n]+)$", metadata, re.M)
    assert len(required) == len(pins)
    assert "Provides-Extra: tracing" in metadata
    assert "Requires-Dist: streamlit==" in metadata
    assert "pbf = pbf.__main__:main" in programs


@pytest.mark.exhaustive
def test_an_installed_wheel_serves_the_dashboard_from_any_folder(wheel, tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["pbf", "serve", "--port", str(port)]

    with running(command, work, f"{url}/_stcore/health", PYTHONPATH=str(site)):
        services = requests.get(f"{url}/_/services", timeout=60).json()
        icon = requests.get(f"{url}/favicon.png", timeout=20)
        page = requests.get(url, timeout=20)

    assert len(services) == 773
    assert icon.headers["Content-Type"] == "image/svg+xml"
    assert "Content-Security-Policy" in page.headers


def test_the_commands_of_an_installed_wheel_are_named_pbf(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = "import sys; sys.argv[:] = ['bin/pbf', '--help']; import pbf.__main__ as m; m.main()"

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "usage: pbf " in done.stdout
    assert "serve" in done.stdout
