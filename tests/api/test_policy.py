"""What a policy changes for the routes beside those that tests/identity covers."""

import pytest

from tests.support.accounts import routes

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def test_the_logo_has_its_type_and_can_run_nothing(under, policy_path):
    policy_path.with_name("acme.svg").write_text(SVG)

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
def test_without_a_logo_there_is_no_such_route(under, policy):
    assert routes(under(policy)).get("/_/logo").status_code == 404


def test_an_invitation_made_before_they_were_switched_off_says_whom_to_ask(under):
    portal = under("{}").portal
    connector = next(item for item in portal.connectors().items if item.is_incomplete)
    link = portal.links.create(connector.id, public_url="").url
    runtime = under("{limits: {invitations: false}, branding: {support: 'mailto:a@b.example'}}")

    response = routes(runtime).get(link)

    assert response.status_code == 403
    assert "Links like this one are not allowed" in response.text
    assert 'Support: <a href="mailto:a@b.example">a@b.example</a>' in response.text
    assert portal.connector(connector.id).title not in response.text
