"""What becomes of a page's timers and fragments once the page is left or shows something else."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps

from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests


def leave_no_timer_behind() -> None:
    """Have Streamlit ignore the timer of a fragment on a page that was left.

    The browser stops a page's timers when it hears of the next page. One that strikes just before
    asks for the old page once more, and Streamlit 1.67 obeys after it has run the new one: it
    clears the screen for a fragment that is no more, and leaves it blank.
    """
    original = ScriptRequests.request_rerun
    if hasattr(original, "__wrapped__"):
        return
    asked = "_page_asked_for"

    @wraps(original)
    def request_rerun(requests: ScriptRequests, new_data: RerunData) -> bool:
        page = new_data.page_script_hash
        if new_data.is_auto_rerun:
            wanted = getattr(requests, asked, "")
            if page and wanted and page != wanted:
                return True
        elif page:
            setattr(requests, asked, page)
        return original(requests, new_data)

    setattr(ScriptRequests, "request_rerun", request_rerun)  # noqa: B010


@contextmanager
def leave_no_fragment_behind() -> Iterator[None]:
    """Have Streamlit forget the fragments that a page no longer shows, though `st.stop` ends it.

    Streamlit 1.67 forgets them at the end of a whole run only. A second click into a dialog that is
    being closed then runs the dialog once more, into a place that is no more in the browser, and
    the whole page goes blank.
    """
    try:
        yield
    except StopException:
        if context := get_script_run_ctx():
            context.fragment_storage.clear(context.shared.new_fragment_ids.snapshot())
        raise
