"""Stories on the embedded sandbox: what the dashboard knows during one, and after the way back."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from pbf.errors import NotNow, NotPermitted
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.sandbox.scenarios.story import stories

ADMIN = Identity("", "acme", Role.ADMIN)
OPERATOR = Identity("person:1", "", Role.OPERATOR, is_operator=True)
NAMES = [story.name for story in stories()]


def known(runtime):
    """What the dashboard shows of the tenant in which stories play, but for times."""
    portal = runtime.portals.of("acme")
    connectors = portal.connectors()
    incidents = runtime.watch.incidents.listed(portal.tenant.group_id)
    return {
        "connectors": [(item.id, item.title, item.status.setup_state) for item in connectors.items],
        "problem": connectors.problem,
        "notice": portal.throttling_notice,
        "deleted": [item.id for item in portal.deleted().items],
        "incidents": sorted((item.id, item.title, item.is_open) for item in incidents),
        "last seen": [
            row.connector_id for row in runtime.store.last_seen.listed(portal.tenant.group_id)
        ],
        "tenants": [entry.id for entry in runtime.identity.tenants.all()],
    }


def titles(runtime):
    return [item.title for item in runtime.portals.of("acme").connectors().items]


def open_incidents(runtime):
    group_id = runtime.portals.of("acme").tenant.group_id
    return [item.title for item in runtime.watch.incidents.open(group_id)]


@pytest.fixture
def watched(demo):
    """The demo after its connectors were judged once."""
    demo.portals.of("acme").connectors()
    demo.timelines.lists.wait()
    demo.watch.judge()
    return demo


@pytest.mark.parametrize("name", NAMES)
def test_after_the_way_back_everything_is_as_it_was(name, watched):
    before = known(watched)
    assert before["incidents"]

    watched.stories.play(ADMIN, name)
    while not watched.stories.scene.is_last:
        watched.stories.advance(ADMIN, watched.stories.revision)
    assert known(watched) != before
    watched.stories.leave(ADMIN)

    assert known(watched) == before
    assert watched.stories.scene is None
    watched.watch.judge()
    assert known(watched) == before


def test_a_credential_that_expires_opens_an_incident_and_closes_it_at_once(watched):
    watched.stories.play(ADMIN, "credential_expires")
    assert titles(watched) == ["production", "acme_crm", "acme_payments", "acme_ads"]
    assert open_incidents(watched) == []

    watched.stories.advance(ADMIN, watched.stories.revision)
    assert open_incidents(watched) == ["production needs you: reconnect"]
    for _ in range(3):
        watched.stories.advance(ADMIN, watched.stories.revision)

    assert open_incidents(watched) == []


def test_a_story_begins_only_once_a_job_that_judges_has_ended(demo, monkeypatch):
    demo.portals.of("acme").connectors()
    demo.timelines.lists.wait()
    waits_or_has_begun, lock = Event(), demo.watch.judge_lock
    take, read = demo.store.set_aside.take, demo.store.incidents.open_by_group

    @contextmanager
    def seen_lock():
        waits_or_has_begun.set()
        with lock:
            yield

    def seen_take(groups):
        taken = take(groups)
        waits_or_has_begun.set()
        return taken

    def play_meanwhile():
        monkeypatch.setattr(demo.store.incidents, "open_by_group", read)
        rows = read()
        plays.append(people.submit(demo.stories.play, ADMIN, "credential_expires"))
        waits_or_has_begun.wait()
        return rows

    monkeypatch.setattr(demo.watch, "judge_lock", seen_lock())
    monkeypatch.setattr(demo.store.set_aside, "take", seen_take)
    monkeypatch.setattr(demo.store.incidents, "open_by_group", play_meanwhile)
    plays = []
    with ThreadPoolExecutor(1) as people:
        demo.watch.judge()
        plays[0].result()

    assert known(demo)["incidents"] == []


def test_while_fivetran_is_down_the_last_list_is_served_and_marked(watched):
    watched.stories.play(ADMIN, "fivetran_is_down")
    portal = watched.portals.of("acme")
    problems = [portal.connectors().problem]
    while not watched.stories.scene.is_last:
        watched.stories.advance(ADMIN, watched.stories.revision)
        assert len(portal.connectors().items) == 14
        problems.append(portal.connectors().problem)

    assert [bool(problem) for problem in problems] == [False, True, True, False]
    assert "502" in str(problems[1])


def test_near_the_limit_the_dashboard_says_so_and_keeps_its_list(watched):
    watched.stories.play(ADMIN, "rate_limit_is_near")
    portal = watched.portals.of("acme")
    assert portal.throttling_notice == ""

    watched.stories.advance(ADMIN, watched.stories.revision)
    assert "of this hour's 500 requests to Fivetran are left" in portal.throttling_notice
    watched.stories.advance(ADMIN, watched.stories.revision)
    assert "limit of requests to Fivetran is used up" in str(portal.connectors().problem)
    assert len(portal.connectors().items) == 40
    watched.stories.advance(ADMIN, watched.stories.revision)

    assert portal.connectors().problem is None
    assert portal.throttling_notice == ""


def test_what_a_source_gets_during_a_story_is_synced_or_not(watched):
    def synced(connector_id):
        config = watched.portals.of("acme").operations.schemas(connector_id)
        return {name: table.enabled for name, table in config.schemas["public"].tables.items()}

    watched.stories.play(ADMIN, "schema_drift")
    shop = watched.stories.scene.connector_id
    before = synced(shop)

    watched.stories.advance(ADMIN, watched.stories.revision)
    assert synced(shop) == before | {"loyalty_points": True, "gift_cards": True}
    watched.stories.advance(ADMIN, watched.stories.revision)

    payroll = watched.stories.scene.connector_id
    assert (payroll != shop, synced(payroll)["bank_accounts"]) == (True, False)


def test_a_thousand_customers_are_tenants_with_connectors_of_their_own(watched):
    watched.stories.play(ADMIN, "thousand_customers")

    tenants = watched.identity.tenants.all()
    assert len(tenants) == 1003
    customer = watched.portals.of("customer_0007")
    assert (customer.tenant.name, len(customer.connectors().items)) == ("Customer 0007", 3)


def test_a_deletion_during_a_story_leaves_nothing_behind(watched):
    before = known(watched)
    watched.stories.play(ADMIN, "credential_expires")
    portal = watched.portals.of("acme")
    portal.operations.delete(portal.connectors().items[0].id)
    assert len(portal.deleted().items) == 1

    watched.stories.leave(ADMIN)

    assert known(watched) == before


def test_a_pending_deletion_from_before_a_story_is_pending_again_after_it(watched):
    portal = watched.portals.of("acme")
    portal.operations.delete(portal.connectors().items[0].id)
    before = known(watched)
    assert len(before["deleted"]) == 1

    watched.stories.play(ADMIN, "schema_drift")
    assert known(watched)["deleted"] == []
    watched.stories.leave(ADMIN)

    assert known(watched) == before


def test_another_story_begins_in_the_world_before_the_first(watched):
    before = known(watched)
    watched.stories.play(ADMIN, "thousand_customers")

    watched.stories.play(ADMIN, "schema_drift")
    assert titles(watched) == ["webshop", "payroll", "acme_payments"]
    watched.stories.leave(ADMIN)

    assert known(watched) == before


def test_a_second_press_for_the_same_step_does_nothing(watched):
    watched.stories.play(ADMIN, "credential_expires")
    revision = watched.stories.revision

    watched.stories.advance(ADMIN, revision)
    watched.stories.advance(ADMIN, revision)

    assert watched.stories.scene.number == 2


def test_the_revision_of_every_page_changes_with_each_step(watched):
    def revision():
        return watched.revisions.of(ADMIN, "incidents")

    seen = [revision()]
    watched.stories.play(ADMIN, "schema_drift")
    seen.append(revision())
    watched.stories.advance(ADMIN, watched.stories.revision)
    seen.append(revision())

    assert len(set(seen)) == 3


def test_a_restart_of_the_sandbox_ends_a_story_with_its_tenants(watched):
    watched.stories.play(ADMIN, "thousand_customers")

    watched.sandbox.world.control.reset()

    assert watched.stories.scene is None
    assert len(watched.identity.tenants.all()) == 3
    assert len(titles(watched)) == 12


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        pytest.param(Identity("p", "acme", Role.EDITOR), "Only an admin may play", id="editor"),
        pytest.param(Identity("p", "initech", Role.ADMIN), "Stories play in Acme Ltd", id="other"),
    ],
)
def test_who_may_not_play_changes_nothing(identity, reason, watched):
    before = known(watched)

    with pytest.raises(NotPermitted, match=reason):
        watched.stories.play(identity, "schema_drift")
    watched.stories.play(OPERATOR, "schema_drift")
    revision = watched.stories.revision
    with pytest.raises(NotPermitted, match=reason):
        watched.stories.advance(identity, revision)
    with pytest.raises(NotPermitted, match=reason):
        watched.stories.leave(identity)

    assert watched.stories.revision == revision
    watched.stories.leave(OPERATOR)
    assert known(watched) == before


@pytest.mark.parametrize("name", ["nosuch", "every_state"])
def test_only_a_scenario_with_captions_can_be_played(name, watched):
    before = known(watched)

    with pytest.raises(NotNow, match="no such story"):
        watched.stories.play(ADMIN, name)

    assert known(watched) == before


def test_a_story_that_cannot_begin_leaves_everything_as_it_was(watched):
    before = known(watched)
    watched.sandbox.world.add_group("Hooli")

    with pytest.raises(NotNow, match="'Hooli' is already in use"):
        watched.stories.play(ADMIN, "thousand_customers")

    assert known(watched) == before
    assert watched.stories.scene is None


def test_a_real_account_has_no_stories(runtime):
    assert runtime.stories is None
    assert runtime.story_revision == ""
