"""The documents agree with the code."""

import ast
import re
import tomllib

import pytest
from dotenv import dotenv_values

from pbf.commands.command_line import main
from pbf.config import Settings, load_settings
from pbf.config.secret_files import SECRETS
from pbf.config.sign_in import SignIn
from pbf.proxy import create_app
from tests.support.servers import ROOT

PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")
SETTING = re.compile(r"(?:FIVETRAN|PBF)_[A-Z_]*[A-Z]")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]


def text_of(name: str) -> str:
    """The text of a file."""
    return (ROOT / name).read_text(encoding="utf-8")


README = text_of("README.md")
ALL_TEXT = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


def section(heading: str) -> str:
    """The text of README under a heading."""
    return README.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def settings_in_config() -> set[str]:
    """The settings that the folder of the settings names."""
    files = sorted((ROOT / "pbf" / "config").glob("*.py"))
    tree = ast.parse("\n".join(file.read_text(encoding="utf-8") for file in files))
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and SETTING.fullmatch(text)}


def paths_of_routes() -> set[str]:
    """The paths of all routes, with the names of their parameters as the documents write them."""
    rules = create_app().url_map.iter_rules()
    return {PARAMETER.sub(lambda match: match[1].upper(), rule.rule) for rule in rules}


def test_there_is_one_setting_for_each_field():
    fields = len(Settings.__dataclass_fields__) - 1 + len(SignIn.__dataclass_fields__)

    assert len(settings_in_config()) == fields


def test_the_example_lists_every_setting_and_no_other():
    assert set(dotenv_values(ROOT / ".env.example")) == settings_in_config()


def test_the_example_copied_unchanged_gives_the_defaults():
    assert load_settings({}, dotenv=str(ROOT / ".env.example")) == Settings()


def test_the_page_of_settings_lists_every_setting_and_no_other():
    rows = [line for line in text_of("docs/settings.md").splitlines() if line.startswith("| `")]

    names = {name for row in rows for name in SETTING.findall(row.split("|")[1])}

    assert names == settings_in_config()


def test_no_document_names_a_setting_that_does_not_exist():
    # This page names the variables of other clients.
    documents = [path for path in DOCUMENTS if path.name != "clients.md"]
    paths = [*documents, ROOT / "Makefile", *(ROOT / "pages").glob("*.py")]

    names = {name for path in paths for name in SETTING.findall(path.read_text("utf-8"))}

    assert names <= settings_in_config() | {f"{name}_FILE" for name in SECRETS}


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m pbf ([^`\n]+)", ALL_TEXT))))
def test_every_command_in_the_documents_exists(command: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])

    assert ended.value.code == 0
    assert "usage: python -m pbf" in capsys.readouterr().out


def test_every_make_target_in_the_documents_exists():
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.M))

    names = set(re.findall(r"^make ([a-z]+)", section("Two commands"), re.M))
    names |= set(re.findall(r"`make ([a-z]+)", ALL_TEXT))

    assert {"run", "test"} < names
    assert names <= targets


def test_every_file_in_readme_exists():
    pictures = re.findall(r"!\[.*\]\((.+)\)", README)

    for name in ("app.py", "pages", "requirements.txt", "tests", "tests/browser", *pictures):
        assert (ROOT / name).exists(), name


def test_readme_shows_a_picture_before_the_first_heading():
    assert re.search(r"^!\[.+\]\(.+\)$", README.partition("\n## ")[0], re.M)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_to_a_file(path):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_readme_links_to_every_page_of_the_documents():
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == set(
        re.findall(r"\(docs/([a-z-]+\.md)\)", section("Read on"))
    )


def test_the_layout_has_a_line_for_each_folder():
    folders = {path.parent.name for path in (ROOT / "pbf").glob("*/__init__.py")}

    names = re.findall(r"^  ([a-z_]+)/ ", text_of("docs/architecture.md"), re.M)

    assert sorted(names) == sorted(folders)


def test_every_route_in_the_documents_exists():
    named = r"(?:curl -s http://127\.0\.0\.1:5001|`(?:GET|POST|PATCH|DELETE) )(/_/[A-Za-z_/.-]+)"

    names = set(re.findall(named, ALL_TEXT))

    assert len(names) >= 10
    assert names <= paths_of_routes()


def test_the_page_of_routes_names_every_route_of_one_connector():
    text = text_of("docs/routes.md")

    assert [path for path in paths_of_routes() if "CONNECTOR_ID" in path and path not in text] == []


def test_the_changelog_begins_with_the_present_version():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]

    first = re.search(r"^## (\S+)", text_of("CHANGELOG.md"), re.M)

    assert first.group(1) == project["version"]
