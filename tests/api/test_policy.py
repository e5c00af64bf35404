"""What a policy changes for the routes beside those that tests/identity covers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.proxy import create_app
from pbf.runtime import Runtime

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
Start = Callable[[str], Runtime]


@pytest.fixture
def under(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Start the product under the policy of a tenant acme; all starts have the same signing key."""
    (tmp_path / "acme.svg").write_text(SVG)
    path, started = tmp_path / "policy.yaml", []

    def start(policy: str) -> Runtime:
        path.write_text(f"version: 1\ntenants:\n  acme: {policy}\n", encoding="utf-8")
        started.append(runtimes.start(replace(settings, policy=str(path))))
        return started[-1]

    yield start
    for runtime in started:
        runtime.close()


def routes(runtime: Runtime) -> FlaskClient:
    return create_app(lambda: runtime).test_client()


def test_the_logo_has_its_type_and_can_run_nothing(under: Start):
    response = routes(under("{branding: {logo: acme.svg}}")).get("/_/logo")

    assert (response.status_code, response.content_type) == (200, "image/svg+xml")
    assert response.text == SVG
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, max-age=86400"


@pytest.mark.parametrize("policy", ["{}", "{branding: {product_name: Acme}}"])
def test_without_a_logo_there_is_no_such_route(under: Start, policy):
    assert routes(under(policy)).get("/_/logo").status_code == 404


def test_an_invitation_made_before_they_were_switched_off_says_whom_to_ask(under: Start):
    portal = under("{}").portal
    connector = next(item for item in portal.connectors().items if item.is_incomplete)
    link = portal.cards.invitation(connector.id, public_url="")
    runtime = under("{limits: {invitations: false}, branding: {support: 'mailto:a@b.example'}}")

    response = routes(runtime).get(link)

    assert response.status_code == 403
    assert "Links like this one are not allowed" in response.text
    assert 'Support: <a href="mailto:a@b.example">a@b.example</a>' in response.text
    assert portal.connector(connector.id).title not in response.text
