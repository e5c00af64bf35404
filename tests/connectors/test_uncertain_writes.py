"""Writes whose answer may be lost: what counts as done, and which error is raised if not."""

import pytest

from pbf.connectors.uncertain_writes import UNCERTAIN, confirm
from pbf.errors import BadAnswer, NotFound, RateLimited, ServerFailed, TimedOut

LOST = TimedOut("late")


def failing(error: Exception):
    def fail():
        raise error

    return fail


def test_an_answer_is_returned_without_reading_anything():
    answer = confirm(lambda: "answer", read=failing(AssertionError()), shows=bool)

    assert answer == "answer"


@pytest.mark.parametrize("error", [LOST, ServerFailed("500"), BadAnswer("html")], ids=repr)
def test_after_a_lost_answer_the_state_that_shows_the_change_is_returned(error):
    assert isinstance(error, UNCERTAIN)
    assert confirm(failing(error), read=lambda: "paused", shows="paused".__eq__) == "paused"


@pytest.mark.parametrize(
    ("read", "shows"),
    [
        pytest.param(lambda: "running", "paused".__eq__, id="change-is-missing"),
        pytest.param(lambda: None, bool, id="nothing-there"),
        pytest.param(failing(ServerFailed("500")), bool, id="not-readable"),
        pytest.param(failing(NotFound("404")), bool, id="gone"),
    ],
)
def test_a_change_that_nothing_shows_raises_the_error_of_the_write(read, shows):
    with pytest.raises(TimedOut) as caught:
        confirm(failing(LOST), read=read, shows=shows)

    assert caught.value is LOST


def test_after_a_refusal_nothing_is_read():
    with pytest.raises(RateLimited):
        confirm(
            failing(RateLimited("used up", retry_after=1)),
            read=failing(AssertionError()),
            shows=bool,
        )
