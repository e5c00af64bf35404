"""The sandbox's own distribution: the wheel, its program and its pytest plugin."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT

FOLDER = ROOT / "packages" / "fivetran-sandbox"
FOREIGN = ("streamlit", "pandas", "sqlalchemy", "pbf")
# What the distribution depends on, what Flask brings, its two extras, and names of types alone.
DEPENDENCIES = {"flask", "pydantic", "werkzeug", "itsdangerous", "pytest", "ruamel", "_typeshed"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the wheel installed, without what it depends on."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=FOLDER, check=True, capture_output=True)
    [wheel] = wheels.glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*install, "--target", str(target), str(wheel)], check=True, capture_output=True)
    return target


@pytest.fixture
def run(installed, tmp_path):
    """Return what runs a module of the wheel, and returns the ended process."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_it_needs_nothing_of_the_dashboard(run):
    imports = "import sys, fivetran_sandbox.program, fivetran_sandbox.pytest_plugin"

    ended = run("-c", f"{imports}\nprint([name for name in {FOREIGN} if name in sys.modules])")

    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_its_modules_import_only_what_it_depends_on(installed):
    imported = {
        name.partition(".")[0]
        for path in (installed / "fivetran_sandbox").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imports_of(node)
    }

    assert imported - set(sys.stdlib_module_names) == DEPENDENCIES | {"fivetran_sandbox"}


def imports_of(node: ast.AST) -> list[str]:
    """The names of the modules that a statement imports, also by `import_module`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [str(ast.literal_eval(node.args[0]))]
    return []


def test_the_example_of_its_readme_passes(run, tmp_path):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "not Fivetran's" in text.splitlines()[2]
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    (tmp_path / "test_example.py").write_text(example)

    ended = run("-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr


def test_a_test_that_failed_shows_its_requests(run, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import urllib.request\n"
        "def test_it(fivetran):\n"
        "    urllib.request.urlopen(fivetran.url + '/public/connector-types')\n"
        "    assert False\n"
    )

    ended = run("-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert "The latest requests to the Fivetran sandbox" in ended.stdout
    assert "GET /public/connector-types: 200" in ended.stdout


def test_a_test_returns_to_its_snapshot_which_ends_with_it(run, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "def test_it(fivetran):\n"
        "    fivetran.snapshot('before')\n"
        "    fivetran.world.add_connections(2)\n"
        "    fivetran.restore('before')\n"
        "    assert len(fivetran.world.connections) == 12\n"
        "def test_the_next(fivetran):\n"
        "    assert fivetran.world.control.snapshots.names() == set()\n"
    )

    ended = run("-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert "2 passed" in ended.stdout, ended.stdout


def test_a_command_finds_the_sandbox_and_its_status_is_passed_on(run):
    program = ("-c", "from fivetran_sandbox.program import main; raise SystemExit(main())")
    script = "import os, sys; print(sorted(n for n in os.environ if 'FIVETRAN' in n)); sys.exit(7)"

    ended = run(*program, "exec", "--connectors", "3", "--", sys.executable, "-c", script)

    assert ended.returncode == 7
    assert "FIVETRAN_APIURL" in ended.stdout
    assert "FIVETRAN_GROUP_ID" in ended.stdout
    assert run(*program, "exec", "--", "no-such-command").returncode == 127
    assert run(*program, "exec").returncode == 2
