"""Stories: scenarios with captions, played step by step in the present world and taken back."""

import json

import pytest

from pbf.sandbox.scenarios import scenario
from pbf.sandbox.scenarios.story import Story, stories

NAMES = [story.name for story in stories()]
# Ids and the numbers of faults are not given out twice.
NOT_RESTORED = {"ids", "faults"}


@pytest.fixture
def tell(world):
    """Return what starts a story of the library in a world whose clock stands still."""
    world.clock.speed = 0

    def tell(name: str) -> Story:
        return Story(world, scenario.load(name).scenario)

    return tell


def setup_state(api, schema):
    [item] = [one for one in api.data("/connections")["items"] if one["schema"] == schema]
    return item["status"]["setup_state"]


def test_the_library_has_five_stories():
    assert sorted(story.title for story in stories()) == [
        "A credential expires",
        "A thousand customers",
        "Fivetran is down for ten minutes",
        "Schema drift",
        "The rate limit is near",
    ]
    assert [story.name for story in stories() if story.makes_groups] == ["thousand_customers"]


@pytest.mark.parametrize("name", NAMES)
def test_the_way_back_restores_the_world_and_its_time(name, tell, world):
    world.add_customer("Globex")
    world.control.add_fault(kind="500", path="/v1/users")
    before = json.loads(world.snapshot())

    story = tell(name)
    while story.place[0] < story.place[1]:
        story.advance()
    during = json.loads(world.snapshot())
    story.leave()

    after = json.loads(world.snapshot())
    changed = {part for part in before if before[part] != after[part]}
    assert changed <= NOT_RESTORED
    assert after["faults"]["faults"] == before["faults"]["faults"]
    assert during["connections"] != before["connections"]
    assert not story.is_playing


@pytest.mark.parametrize("name", NAMES)
def test_a_story_ends_at_the_time_at_which_it_was_started(name, tell, world):
    started_at = world.clock()

    story = tell(name)
    assert world.clock() < started_at
    while story.place[0] < story.place[1]:
        story.advance()

    assert world.clock() - started_at == pytest.approx(0, abs=0.001)


def test_the_way_back_from_the_first_step_restores_the_time(tell, world):
    started_at = world.clock()

    story = tell("schema_drift")
    assert world.clock() - started_at == pytest.approx(-600)
    story.leave()

    assert world.clock() - started_at == pytest.approx(0, abs=0.001)


def test_each_step_happens_when_it_is_asked_for(tell, world, api):
    story = tell("credential_expires")
    assert (story.place, setup_state(api, "production")) == ((1, 5), "connected")

    world.clock.advance(3600)
    assert setup_state(api, "production") == "connected"
    story.advance()

    assert (story.place, setup_state(api, "production")) == ((2, 5), "broken")
    assert story.caption.title == "The password of production expires"


def test_the_last_step_stays(tell):
    story = tell("schema_drift")
    for _ in range(5):
        story.advance()

    assert story.place == (3, 3)


def test_a_step_names_the_connection_that_it_is_about(tell, world):
    story = tell("schema_drift")

    assert world.connection(story.connection_id()).schema == "webshop"


def test_the_connectors_of_other_groups_stay_during_a_story(tell, world):
    globex = world.add_customer("Globex").id
    others = [one.id for one in world.matching(globex, None)]

    tell("credential_expires")

    assert [one.id for one in world.matching(globex, None)] == others
    schemas = [one.schema for one in world.matching(world.group_id, None)]
    assert schemas == ["production", "acme_crm", "acme_payments", "acme_ads"]


def test_two_plays_never_issue_the_same_id(tell, world):
    first = tell("credential_expires")
    ids = set(world.connections)
    first.leave()

    tell("credential_expires")

    assert ids.isdisjoint(world.connections)


def test_a_restart_of_the_world_ends_a_story(tell, world, api):
    story = tell("fivetran_is_down")
    story.advance()
    assert api.get("/groups").status_code == 502

    world.reset()

    assert not story.is_playing
    assert api.get("/groups").status_code == 200
