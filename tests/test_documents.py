"""What the documents say must be so."""

import ast
import re
import tomllib

import pytest
from dotenv import dotenv_values

from pbf import proxy
from pbf.__main__ import main
from pbf.config import Settings, load_settings
from tests.support.servers import ROOT

SETTING = re.compile(r"(?:FIVETRAN|PBF)_[A-Z_]*[A-Z]")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """The text of README under a heading."""
    return README.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def settings_read() -> set[str]:
    """The settings that config.py names."""
    tree = ast.parse((ROOT / "pbf" / "config.py").read_text(encoding="utf-8"))
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and SETTING.fullmatch(text)}


def test_there_is_one_setting_for_each_field():
    assert len(settings_read()) == len(Settings.__dataclass_fields__)


def test_the_example_lists_every_setting_and_no_other():
    assert set(dotenv_values(ROOT / ".env.example")) == settings_read()


def test_the_example_copied_as_it_is_changes_nothing():
    assert load_settings({}, dotenv=str(ROOT / ".env.example")) == Settings()


def test_readme_lists_every_setting_and_no_other():
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in SETTING.findall(row.split("|")[1])} == settings_read()


def test_no_document_names_a_setting_that_is_not_there():
    documents = [*ROOT.glob("*.md"), ROOT / "Makefile", *(ROOT / "pages").glob("*.py")]

    named = {name for path in documents for name in SETTING.findall(path.read_text("utf-8"))}

    assert named <= settings_read()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m pbf ([^`\n]+)", README))))
def test_readmes_commands_are_there(command: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])

    assert ended.value.code == 0
    assert "usage: python -m pbf" in capsys.readouterr().out


def test_readmes_make_targets_are_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))

    assert set(re.findall(r"`?make ([a-z]+)`?", section("Two commands"))) <= targets


def test_readmes_files_are_there():
    pictures = re.findall(r"!\[.*\]\((.+)\)", README)

    for name in ("app.py", "pages", "requirements.txt", "tests", "tests/browser", *pictures):
        assert (ROOT / name).exists(), name


def test_readmes_layout_has_a_line_for_each_folder():
    folders = {path.parent.name for path in (ROOT / "pbf").glob("*/__init__.py")}

    named = re.findall(r"^  ([a-z]+)/ ", section("How the code is laid out"), re.M)

    assert sorted(named) == sorted(folders)


def test_readmes_routes_are_there():
    known = {rule.rule.replace("<connector_id>", "CONNECTOR_ID") for rule in rules()}
    named = re.findall(r"(?:curl -s http://127\.0\.0\.1:5001|`GET )(/_/[A-Za-z_/.]+)", README)

    assert len(set(named)) >= 4
    assert set(named) <= known


def test_the_changelog_tells_of_the_present_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)

    assert first.group(1) == project["version"]


def rules():
    """The routes of the JSON door."""
    return proxy.create_app().url_map.iter_rules()
