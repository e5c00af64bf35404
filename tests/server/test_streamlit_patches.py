import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequests,
    ScriptRequestType,
)

from pbf.server.streamlit_patches import ignore_timers_of_left_pages


@pytest.fixture
def requests(monkeypatch):
    """What one visitor's runs are asked for by, with a page opened and then left for another."""
    monkeypatch.setattr(ScriptRequests, "request_rerun", ScriptRequests.request_rerun)
    ignore_timers_of_left_pages()
    asked = ScriptRequests()
    for page in ("old", "new"):
        asked.request_rerun(RerunData(page_script_hash=page))
        assert asked.on_scriptrunner_ready().rerun_data.page_script_hash == page
    return asked


def timer(page: str) -> RerunData:
    return RerunData(page_script_hash=page, fragment_id="a", is_auto_rerun=True)


def test_a_timer_of_a_page_that_was_left_runs_nothing(requests):
    assert requests.request_rerun(timer("old"))

    assert requests.on_scriptrunner_ready().type == ScriptRequestType.STOP


@pytest.mark.parametrize("page", ["new", ""])
def test_a_timer_of_the_page_that_is_open_runs(requests, page):
    requests.request_rerun(timer(page))

    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["a"]


def test_it_is_set_up_once(requests):
    once = ScriptRequests.request_rerun

    ignore_timers_of_left_pages()

    assert ScriptRequests.request_rerun is once
