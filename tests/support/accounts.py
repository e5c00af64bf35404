"""Accounts that tests use: one whose responses a test writes itself, and those on a sandbox."""

from dataclasses import replace

from flask.testing import FlaskClient

from pbf.config import Settings
from pbf.proxy import create_app
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer

API = "https://fivetran.example"
ACCOUNT = Settings(
    api_key="the-key",
    api_secret="the-secret",
    group_id="our_group",
    api_url=API,
    database_url="sqlite://",
)


def account_on(sandbox: SandboxServer, **changes: object) -> Settings:
    """Return the settings of an account on a sandbox, with the database in memory."""
    return replace(
        ACCOUNT,
        api_key=sandbox.world.api_key,
        api_secret=sandbox.world.api_secret,
        group_id=sandbox.world.group_id,
        api_url=sandbox.url,
        **changes,
    )


def routes(runtime: Runtime) -> FlaskClient:
    """Return a client of the JSON API on a runtime."""
    return create_app(lambda: runtime).test_client()
