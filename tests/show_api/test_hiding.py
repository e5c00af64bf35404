import json

import pytest

from pbf.redaction import CONTROLS
from pbf.show_api.hiding import LONGEST_BODY, as_text, shown
from tests.support.shell_texts import UNSEEN


def test_the_first_items_of_a_list_are_shown_and_the_others_counted():
    assert shown({"items": list(range(773))}) == {"items": [0, 1, 2, "… 770 more"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("password", "two words", id="password"),
        pytest.param("client_secret", "a", id="secret"),
        pytest.param("api_key", "a b c", id="key"),
        pytest.param("access_token", "x", id="token"),
    ],
)
def test_the_whole_value_of_a_field_named_like_a_secret_is_hidden(name, value):
    assert shown({"config": {name: value}}) == {"config": {name: "***"}}


def test_what_is_no_secret_is_kept():
    body = {"service": "stripe", "status": {"setup_state": "connected"}, "paused": False, "n": 3}

    assert shown(body) == body
    assert shown({"password": {"enabled": True}}) == {"password": {"enabled": True}}


def test_a_long_body_is_cut():
    text = as_text({f"field_{number}": "long" * 80 for number in range(50)})

    assert text.endswith("… (cut)")
    assert len(text) < LONGEST_BODY + 20


def test_a_body_with_many_fields_says_how_many_are_left_out():
    body = json.loads(as_text({f"t{number}": True for number in range(65)}))

    assert body["…"] == "5 more"
    assert len(body) == 61


def test_what_shows_nothing_or_changes_the_direction_is_an_escape_and_stays_the_same_value():
    text = as_text({"schema": UNSEEN, UNSEEN: 1})

    assert not any(CONTROLS.search(line) for line in text.split("\n"))
    assert json.loads(text) == {"schema": UNSEEN, UNSEEN: 1}
