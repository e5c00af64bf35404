from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from pbf.ui.audit_table import caused_by, matching, rows


def entry(actor: str, actor_name: str = "", what: str = "pause") -> SimpleNamespace:
    moment = datetime(2026, 11, 27, tzinfo=UTC)
    about = {"connector_id": "", "name": "", "details": "", "outcome": "done", "at": moment}
    return SimpleNamespace(actor=actor, actor_name=actor_name, what=what, **about)


@pytest.mark.parametrize(
    ("actor", "name", "who"),
    [
        pytest.param("person:1", "Ada Lovelace", "Ada Lovelace", id="person"),
        pytest.param("person:1", "", "A person", id="nameless-person"),
        pytest.param("token:1", "CI", "API token CI", id="token"),
        pytest.param("token:1", "", "API token", id="nameless-token"),
        pytest.param("page", "", "Dashboard", id="sign-in-off"),
        pytest.param("link", "", "Colleague with a link", id="link"),
        pytest.param("something", "", "something", id="unknown"),
    ],
)
def test_an_entry_says_who_acted(actor, name, who):
    assert [row.who for row in rows([entry(actor, name)], {})] == [who]


def test_people_are_found_by_name():
    table = list(rows([entry("person:1", "Ada"), entry("person:2", "Bob")], {}))

    assert [row.who for row in matching(table, "ada")] == ["Ada"]


def test_the_way_into_a_tenant_has_words():
    assert [row.what for row in rows([entry("person:1", "Ada", "enter")], {})] == [
        "Enter the tenant"
    ]


def test_what_the_background_work_does_is_automatic():
    entries = [entry(actor) for actor in ("person:1", "background", "housekeeping", "route")]

    automatic = caused_by(entries, people=False, system=True)

    assert [row.actor for row in automatic] == ["background", "housekeeping"]
    assert caused_by(entries, people=True, system=False) == [entries[0], entries[3]]
