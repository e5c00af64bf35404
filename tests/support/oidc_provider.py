"""OpenID Connect providers for tests, each on its own port, and a person who uses them."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from tests.support.requirements import require_package, skip_without
from tests.support.servers import ROOT, free_port, running

SCRIPT = Path(__file__).with_suffix(".js")
CLIENT_ID = "pbf"
CLIENT_SECRET = "a-secret-of-the-tests"
LONGEST_WAY = 12
READY = re.compile(r"http://127\.0\.0\.1:\d+\n")


def registration(public_url: str, provider_id: str) -> dict[str, object]:
    """Return what a provider has to know of a dashboard at `public_url`."""
    routes = f"{public_url}/_"
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [f"{routes}/signed-in/{provider_id}"],
        "post_logout_redirect_uris": [f"{routes}/signed-out"],
        "backchannel_logout_uri": f"{routes}/backchannel-logout/{provider_id}",
        "backchannel_logout_session_required": True,
    }


@contextmanager
def oidc_provider(
    public_url: str, provider_id: str = "node", *, userinfo: bool = False
) -> Iterator[str]:
    """Run npm's oidc-provider until the block ends, and yield its issuer.

    Its users are in the script: ada, bob (address not verified), grace, olga and zoe. With
    `userinfo`, e-mail addresses and groups are given by the userinfo endpoint alone.
    """
    node = require_package(shutil.which("node"), "Node.js", "nodejs")
    if not (ROOT / "node_modules" / "oidc-provider").exists():
        skip_without("npm's oidc-provider", "run `make javascript`, which installs it.")
    options = {"clients": [registration(public_url, provider_id)], "userinfo": userinfo}
    process = subprocess.Popen(
        [node, str(SCRIPT), json.dumps(options)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        issuer = process.stdout.readline()
        assert READY.fullmatch(issuer), f"oidc-provider did not start: {issuer!r}"
        yield issuer.strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def mock_provider(folder: Path) -> Iterator[str]:
    """Run oidc-provider-mock of PyPI until the block ends, and yield its issuer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, folder, f"{url}/.well-known/openid-configuration"):
        yield url


class Person:
    """A person with a browser, who fills in the forms of providers."""

    def __init__(self) -> None:
        """Begin without any cookie."""
        self.browser = requests.Session()
        self.browser.trust_env = False

    def open(self, url: str) -> requests.Response:
        """Open an address without following redirects."""
        return self.browser.get(url, allow_redirects=False, timeout=20)

    def sign_in_at_provider(self, url: str, user: str, until: str) -> str:
        """Sign in at oidc-provider, and return the address below `until` that it leads back to."""
        for _ in range(LONGEST_WAY):
            if url.startswith(until):
                return url
            answer = self.open(url)
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
            else:
                url = self._fill_in(answer, user)
        raise AssertionError(f"the provider leads nowhere: {urlsplit(url).path}")

    def confirm(self, url: str, until: str) -> str:
        """Confirm at oidc-provider to sign out, and return the address that it leads back to."""
        for _ in range(LONGEST_WAY):
            if url.startswith(until):
                return url
            answer = self.open(url)
            if not answer.is_redirect:
                answer = self._post_form(answer, {"logout": "yes"})
            url = urljoin(url, answer.headers["Location"])
        raise AssertionError(f"the provider leads nowhere: {urlsplit(url).path}")

    def sign_in_at_mock(self, url: str, user: str) -> str:
        """Sign in at oidc-provider-mock, and return the address that it leads back to."""
        answer = self.browser.post(url, data={"sub": user}, allow_redirects=False, timeout=20)
        return urljoin(url, answer.headers["Location"])

    def _fill_in(self, answer: requests.Response, user: str) -> str:
        answer.raise_for_status()
        fields = {"login": user, "password": "any"} if 'name="login"' in answer.text else {}
        redirected = self._post_form(answer, fields)
        return urljoin(answer.url, redirected.headers["Location"])

    def _post_form(self, answer: requests.Response, typed: dict[str, str]) -> requests.Response:
        """Send the first form of a page with its hidden fields and what a person typed."""
        action = re.search(r'<form[^>]*action="([^"]*)"', answer.text)
        assert action, answer.text[:2000]
        hidden = dict(
            re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
        )
        return self.browser.post(
            urljoin(answer.url, html.unescape(action[1])),
            data={**hidden, **typed},
            allow_redirects=False,
            timeout=20,
        )
