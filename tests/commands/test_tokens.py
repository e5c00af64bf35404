"""API tokens on the command line."""

from pathlib import Path

import pytest

from pbf.commands.command_line import main
from pbf.identity.api_tokens import DAY, parse_token
from pbf.store.store import Store

POLICY = """\
version: 1
tenants:
  acme: {group: group_1}
  globex: {group: group_2}
"""
SETTINGS = {
    "FIVETRAN_API_KEY": "a-key",
    "FIVETRAN_API_SECRET": "a-secret",
    "FIVETRAN_GROUP_ID": "group_1",
    "PBF_SIGN_IN": "jwt",
    "PBF_PUBLIC_URL": "https://connect.example",
    "PBF_JWT_ISSUER": "https://app.example",
    "PBF_JWT_KEYS": "https://app.example/keys.json",
}


@pytest.fixture
def database(tmp_path: Path, monkeypatch) -> str:
    """The database of an account with two tenants."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    url = f"sqlite:///{tmp_path / 'pbf.sqlite3'}"
    for name, value in {**SETTINGS, "PBF_POLICY": str(path), "PBF_DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    return url


def test_a_token_is_printed_once_and_stored_for_the_server(database: str, capsys):
    status = main(["token", "Our application", "--tenant", "acme", "--role", "admin"])

    printed = capsys.readouterr()
    token = parse_token(printed.out.strip())
    store = Store(database)
    row = store.api_tokens.get(token.id)
    assert status == 0
    assert (row.tenant_id, row.role, row.name) == ("acme", "admin", "Our application")
    assert row.expires_at - row.created_at == 90 * DAY
    assert row.digest == token.digest
    assert token.text not in printed.err
    assert "tenant acme, admin" in printed.err
    entry = store.audit.newest("group_1", 1)[0]
    assert (entry.actor, entry.what, entry.details) == (
        *("command", "create_token", "Our application, admin"),
    )
    store.close()


def test_a_token_of_the_operators_has_no_tenant(database: str, capsys):
    assert main(["token", "Ours", "--operator", "--days", "7"]) == 0

    store = Store(database)
    (row,) = store.api_tokens.listed(None)
    assert (row.role, row.expires_at - row.created_at) == ("operator", 7 * DAY)
    store.close()


def test_tokens_are_listed_and_revoked(database: str, capsys):
    main(["token", "Ours", "--operator"])
    main(["token", "Theirs", "--tenant", "globex"])
    _, text = capsys.readouterr().out.split()
    token_id = parse_token(text).id

    assert main(["token", "revoke", token_id]) == 0
    assert main(["token", "list"]) == 0

    said = capsys.readouterr().out
    assert f"{token_id} (Theirs) is revoked" in said
    assert text not in said
    lines = said.splitlines()[1:]
    assert len(lines) == 2
    assert "operator  all tenants  until" in lines[0]
    assert f"{token_id}  viewer    globex  revoked" in lines[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Ours"], "Choose a tenant with --tenant. Tenants: acme, globex."),
        (["Ours", "--tenant", "umbrella"], "There is no tenant umbrella. Tenants: acme, globex."),
        (["Our", "token"], "Write a name of several words in quotes."),
        (["Ours", "--operator", "--days", "900"], "A token can live for 1 to 365 days."),
    ],
)
def test_a_mistake_is_a_sentence(database: str, arguments: list[str], said: str, capsys):
    assert main(["token", *arguments]) == 1

    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_an_unknown_token_cannot_be_revoked(database: str, capsys):
    assert main(["token", "revoke", "unknown"]) == 1
    assert "There is no token unknown to revoke." in capsys.readouterr().out


@pytest.mark.parametrize("words", [["Ours"], ["list"], ["revoke", "an-id"]])
def test_a_database_in_memory_keeps_no_tokens(words: list[str], capsys):
    assert main(["token", *words]) == 1

    printed = capsys.readouterr()
    assert "Set PBF_DATABASE_URL" in printed.out + printed.err
