"""Pages with Show API on, as if the browser had sent the cookie of the switch."""

import pytest
from streamlit.runtime.context import ContextProxy

from pbf.show_api.access import COOKIE, ON


@pytest.fixture
def with_show_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every page's browser send the cookie, which AppTest cannot."""
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: {COOKIE: ON}))
