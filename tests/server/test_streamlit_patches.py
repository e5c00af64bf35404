import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequests,
    ScriptRequestType,
)

from pbf.server.streamlit_patches import ignore_fragments_of_left_pages


@pytest.fixture
def requests(monkeypatch):
    """The requests of one visitor's session, who has left the page "old" for "new"."""
    monkeypatch.setattr(ScriptRequests, "request_rerun", ScriptRequests.request_rerun)
    ignore_fragments_of_left_pages()
    session_requests = ScriptRequests()
    for page in ("old", "new"):
        session_requests.request_rerun(RerunData(page_script_hash=page))
        assert session_requests.on_scriptrunner_ready().rerun_data.page_script_hash == page
    return session_requests


def fragment(page: str) -> RerunData:
    return RerunData(page_script_hash=page, fragment_id="a")


def test_a_fragment_of_a_left_page_runs_nothing(requests):
    assert requests.request_rerun(fragment("old"))

    assert requests.on_scriptrunner_ready().type == ScriptRequestType.STOP


@pytest.mark.parametrize("page", ["new", ""])
def test_a_fragment_of_the_open_page_runs(requests, page):
    requests.request_rerun(fragment(page))

    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["a"]


def test_the_patch_is_applied_once(requests):
    once = ScriptRequests.request_rerun

    ignore_fragments_of_left_pages()

    assert ScriptRequests.request_rerun is once
