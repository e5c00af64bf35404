"""Migrations on the command line, and a server that leaves them to it."""

import re

import pytest

from pbf.__main__ import main
from pbf.config import load_settings
from pbf.errors import ConfigurationError
from pbf.runtime.opened_store import open_store
from pbf.store.migrations import HEAD
from tests.support.migrations import set_version, upgrade

BEFORE = f"{int(HEAD) - 1:04}"


@pytest.fixture
def older(tmp_path, monkeypatch):
    """The URL of a database that lacks the newest migration."""
    url = f"sqlite:///{tmp_path / 'pbf.sqlite3'}"
    monkeypatch.setenv("PBF_DATABASE_URL", url)
    upgrade(url, BEFORE)
    return url


def test_check_prints_what_is_missing_and_changes_nothing(older, capsys):
    assert main(["migrate", "--check"]) == 1

    assert re.fullmatch(rf"Missing: {HEAD} \w[^\n]+\.\n", capsys.readouterr().out)
    assert main(["migrate", "--check"]) == 1


def test_migrate_applies_what_is_missing(older, capsys):
    assert main(["migrate"]) == 0
    assert f"Applied: {HEAD} " in capsys.readouterr().out

    assert main(["migrate", "--check"]) == 0
    assert capsys.readouterr().out == "The database has all migrations of this program.\n"


def test_a_server_that_does_not_migrate_names_the_command(older, monkeypatch):
    monkeypatch.setenv("PBF_MIGRATE", "off")
    settings = load_settings()

    with pytest.raises(ConfigurationError) as caught:
        open_store(settings)

    assert f"lacks migration {HEAD}. Run: python -m pbf migrate" in str(caught.value)
    assert main(["migrate"]) == 0
    open_store(settings).close()


def test_a_newer_database_lacks_nothing(older):
    main(["migrate"])
    set_version(older, "9999")

    assert main(["migrate", "--check"]) == 0


def test_the_memory_of_the_embedded_sandbox_needs_no_migration(capsys):
    assert main(["migrate"]) == 1
    assert "nothing to migrate" in capsys.readouterr().err


def test_the_newest_migration_is_the_head(tmp_path):
    url = f"sqlite:///{tmp_path / 'pbf.sqlite3'}"

    assert upgrade(url, "head") == HEAD
