"""Fragments that run again once what they show has changed."""

from collections.abc import Callable
from functools import wraps
from secrets import token_hex
from typing import TYPE_CHECKING, ParamSpec

import streamlit as st

from pbf.components.follow import follow
from pbf.paths import from_page
from pbf.runtime import runtime
from pbf.server.revisions.route import PATH
from pbf.server.streamlit_patches import FOLLOW
from pbf.ui import session
from pbf.ui.account.story_line import has_moved_on

if TYPE_CHECKING:
    from pbf.runtime.revisions import Subject

Parameters = ParamSpec("Parameters")


def following(
    subject: "Subject",
) -> Callable[[Callable[Parameters, None]], Callable[Parameters, None]]:
    """Return a decorator for a fragment that acts for the visitor and follows a subject.

    The browser asks every few seconds for the revision of what is shown, and runs the fragment
    again if it is not the one from before this run.
    """

    def decorate(show: Callable[Parameters, None]) -> Callable[Parameters, None]:
        @st.fragment
        @session.acting
        @wraps(show)
        def run(*args: Parameters.args, **values: Parameters.kwargs) -> None:
            # First, since nothing can be drawn after st.stop, and since what is read after this
            # revision may be newer, but never older.
            if has_moved_on():
                st.rerun()  # the line at the top of the page says what is different
            revision = runtime().revisions.of(session.identity(), subject)
            _follow(show.__name__, subject, revision)
            show(*args, **values)

        return run

    return decorate


def run_again_soon(key: str) -> None:
    """Have this fragment run again in a few seconds, though nothing else may have changed.

    The key is a different one for each reason that a run may have.
    """
    _follow(key, "incidents", "")


def _follow(key: str, subject: "Subject", revision: str) -> None:
    url = from_page(f"{PATH}?of={subject}")
    follow(url, revision=revision, run=token_hex(4), key=f"{FOLLOW}-{key}")
