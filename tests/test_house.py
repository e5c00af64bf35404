"""Who may import whom, as DESIGN draws the house."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "pbf").rglob("*.py")])

# A package stands for all that is in it.
ONLY_IN = {
    "streamlit": {
        *("app", "pages", "pbf.ui", "pbf.data", "pbf.menu", "pbf.dialogs"),
        *("pbf.panels", "pbf.first_page", "pbf.many", "pbf.reruns", "pbf.deleted"),
        *("pbf.component", "pbf.gallery", "pbf.table"),
    },
    "requests": {"pbf.deadline", "pbf.transport"},
    "urllib3": {"pbf.deadline", "pbf.transport"},
    "flask": {
        *("pbf.proxy", "pbf.answers", "pbf.door", "pbf.door_actions", "pbf.door_docs"),
        "pbf.door_invitations",
        "pbf.sandbox",
    },
    "sqlalchemy": {"pbf.store", "pbf.migrations", "pbf.runtime"},
    "alembic": {"pbf.store", "pbf.migrations"},
    "dogpile": {"pbf.shelf"},
    "redis": {"pbf.shelf"},
    "itsdangerous": {"pbf.handoff", "pbf.sandbox"},
    "limits": {"pbf.client_limits", "pbf.config"},
    "dotenv": {"pbf.config"},
    "altair": {"pbf.charts"},
}
MAY_IMPORT = {
    "pages": {
        *("pbf.ui", "pbf.data", "pbf.health", "pbf.search", "pbf.errors", "pbf.models"),
        *("pbf.portal", "pbf.gallery", "pbf.table", "pbf.words", "pbf.actions", "pbf.details"),
        *("pbf.dialogs", "pbf.table_choice", "pbf.table_desk", "pbf.panels", "pbf.many"),
        *("pbf.activity", "pbf.deleted", "pbf.literal", "pbf.places", "pbf.rows", "pbf.past"),
    },
    "pbf.sandbox": {"pbf.sandbox"},
    "pbf.api_client": {
        *("pbf.models", "pbf.errors", "pbf.naming", "pbf.paging", "pbf.past", "pbf.transport"),
    },
    "pbf.paging": {"pbf.errors", "pbf.transport"},
    "pbf.past": {"pbf.fields"},
    "pbf.fields": set(),
    "pbf.deadline": set(),
    "pbf.transport": {"pbf.deadline", "pbf.models", "pbf.errors", "pbf.redaction"},
    "pbf.cache": {"pbf.errors", "pbf.known", "pbf.shelf"},
    "pbf.known": {"pbf.errors"},
    "pbf.reserve": {"pbf.models"},
    "pbf.logs": {"pbf.errors", "pbf.redaction"},
    "pbf.redaction": set(),
    "pbf.codec": {"pbf.cache"},
    "pbf.shelf": set(),
    "pbf.store": {"pbf.models", "pbf.pending", "pbf.errors", "pbf.spreadsheet", "pbf.store"},
    "pbf.migrations": set(),
    "pbf.pending": set(),
    "pbf.who": set(),
    "pbf.client_limits": {"pbf.errors"},
    "pbf.journal": {"pbf.errors", "pbf.models", "pbf.redaction", "pbf.store", "pbf.who"},
    "pbf.creation": {
        *("pbf.api_client", "pbf.store", "pbf.naming", "pbf.models", "pbf.errors"),
        *("pbf.doubt", "pbf.evidence", "pbf.pending", "pbf.journal"),
    },
    "pbf.deletion": {
        *("pbf.api_client", "pbf.doubt", "pbf.store", "pbf.models", "pbf.errors"),
        *("pbf.evidence", "pbf.pending", "pbf.journal"),
    },
    "pbf.doubt": {"pbf.api_client", "pbf.errors", "pbf.evidence", "pbf.models", "pbf.timing"},
    "pbf.listing": {
        *("pbf.api_client", "pbf.cache", "pbf.store", "pbf.health", "pbf.models", "pbf.errors"),
        *("pbf.pending", "pbf.places", "pbf.reserve", "pbf.schedule", "pbf.known"),
    },
    "pbf.housekeeping": {"pbf.errors", "pbf.portal", "pbf.who"},
    "pbf.config": {"pbf.errors", "pbf.redaction"},
    "pbf.portal": {
        *("pbf.api_client", "pbf.cache", "pbf.store", "pbf.naming", "pbf.health", "pbf.models"),
        *("pbf.errors", "pbf.config", "pbf.handoff", "pbf.operations", "pbf.creation"),
        *("pbf.journal", "pbf.deletion", "pbf.listing", "pbf.reserve", "pbf.known", "pbf.words"),
        "pbf.client_limits",
    },
    "pbf.operations": {
        *("pbf.actions", "pbf.api_client", "pbf.errors", "pbf.evidence", "pbf.journal"),
        *("pbf.models", "pbf.pending", "pbf.deletion", "pbf.doubt", "pbf.schedule"),
        *("pbf.fields", "pbf.past"),
    },
    "pbf.evidence": {"pbf.models", "pbf.timing"},
    "pbf.bulk": {"pbf.actions", "pbf.errors", "pbf.models", "pbf.operations"},
    "pbf.actions": {"pbf.models"},
    "pbf.timing": {"pbf.models"},
    "pbf.schedule": {
        *("pbf.actions", "pbf.errors", "pbf.health", "pbf.models", "pbf.timing", "pbf.words"),
    },
    "pbf.table_choice": {"pbf.models"},
    "pbf.rows": {
        *("pbf.figures", "pbf.health", "pbf.models", "pbf.schedule", "pbf.timing", "pbf.words"),
    },
    "pbf.figures": {"pbf.health", "pbf.models", "pbf.timing"},
    "pbf.charts": {"pbf.figures"},
    "pbf.panels": {"pbf.ui", "pbf.figures", "pbf.literal"},
    "pbf.health": {"pbf.models", "pbf.timing"},
    "pbf.naming": {"pbf.errors", "pbf.naming_kinds"},
    "pbf.search": {"pbf.models", "pbf.words"},
    "pbf.errors": set(),
    "pbf.handoff": set(),
    "pbf.models": {"pbf.fields", "pbf.words"},
    "pbf.words": set(),
    "pbf.literal": {"pbf.words"},
    "pbf.spreadsheet": set(),
}
PURE = {"pbf.health", "pbf.naming", "pbf.naming_kinds", "pbf.words", "pbf.models", "pbf.search"}
PURE |= {"pbf.actions", "pbf.schedule", "pbf.table_choice", "pbf.figures", "pbf.reserve"}
PURE |= {"pbf.evidence", "pbf.literal", "pbf.rows", "pbf.timing", "pbf.fields", "pbf.past"}
OUTSIDE_WORLD = {
    *("os", "io", "pathlib", "socket", "subprocess", "shutil", "tempfile", "threading", "time"),
    *("asyncio", "concurrent", "http", "urllib", "logging", "sqlite3", "sys"),
}


def module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> set[str]:
    """The modules a file imports, wherever in it; `from pbf import data` counts as pbf.data."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports by a relative path"
            assert node.module
            if node.module in ("pbf", "pages"):
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
            else:
                found.add(node.module)
    return found


def within(name: str, places: set[str]) -> bool:
    """Whether a module is one of some places or lies in one of them."""
    return any(f"{name}.".startswith(f"{place}.") for place in places)


IMPORTS = {module(file): imports(file) for file in FILES}
OURS = {
    name: {one for one in found if within(one, {"pbf", "pages", "app"})}
    for name, found in IMPORTS.items()
}


def test_the_house_has_been_found():
    assert {"app", "pbf.menu", "pbf.portal", "pages.connectors", "pbf.sandbox.server"} <= set(OURS)


@pytest.mark.parametrize(("library", "places"), ONLY_IN.items(), ids=ONLY_IN)
def test_a_library_is_imported_in_its_place_alone(library, places):
    users = {
        name for name, found in IMPORTS.items() if any(within(one, {library}) for one in found)
    }

    assert {name for name in users if not within(name, places)} == set()
    assert users, f"nobody imports {library}; the rule is of no use"


@pytest.mark.parametrize(("place", "allowed"), MAY_IMPORT.items(), ids=MAY_IMPORT)
def test_a_module_imports_only_what_it_may(place, allowed):
    strangers = {
        (name, one)
        for name, found in OURS.items()
        if within(name, {place})
        for one in found
        if not within(one, allowed)
    }

    assert strangers == set()


def test_the_sandbox_is_known_to_who_starts_it_alone():
    users = {
        name
        for name, found in OURS.items()
        if not within(name, {"pbf.sandbox"}) and any(within(one, {"pbf.sandbox"}) for one in found)
    }

    assert users == {"pbf.runtime", "pbf.__main__"}


def test_nobody_imports_a_page_or_the_server():
    users = {
        (name, one)
        for name, found in OURS.items()
        for one in found
        if within(one, {"pages", "app"})
    }

    assert users == set()


@pytest.mark.parametrize("name", sorted(PURE & set(IMPORTS)))
def test_a_pure_module_imports_nothing_of_the_outside_world(name):
    libraries = {one.partition(".")[0] for one in IMPORTS[name]}

    assert libraries & OUTSIDE_WORLD == set()
    assert libraries & set(ONLY_IN) == set()
