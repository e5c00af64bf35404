"""The Notifications screen, for each role and with sign-in off."""

import pytest

from pbf import runtime as runtimes
from pbf.rules.access.permissions import Role
from pbf.watch.notifications.entries import ChannelValues
from tests.pages.reading import press
from tests.support.tenants import sign_in, start_with_tenants


@pytest.fixture
def signed_in(sandbox, tmp_path):
    started = start_with_tenants(sandbox, tmp_path)
    runtimes.use(started)
    yield started
    started.close()


def buttons(app) -> list[str]:
    return [button.label for button in app.button]


def test_without_sign_in_everybody_manages_the_channels_of_the_tenant(visit, runtime):
    app = visit("notifications")

    assert [header.value for header in app.header] == ["Channels of the tenant"]
    assert buttons(app) == ["Add a channel for the tenant"]


def test_a_viewer_has_channels_of_their_own_alone(visit, signed_in):
    viewer = sign_in(signed_in, "Vera", Role.VIEWER)

    app = visit("notifications", viewer.identity.session_id)

    assert [header.value for header in app.header] == ["My channels"]
    assert buttons(app) == ["Add a channel for me"]


def test_a_test_that_fails_and_the_log_are_shown(visit, runtime):
    service = runtime.channels(runtime.portal, "")
    values = ChannelValues("webhook", "Monitoring", "https://127.0.0.1:1/canary7Qm4Zx9K")
    service.add(values, is_own=False)

    app = press(visit("notifications"), "Send a test")
    failed = [error.value for error in app.error]
    app = press(app, "Log")

    assert any("private or local network" in text for text in failed)
    assert "Send again" in buttons(app)
    assert not app.exception
