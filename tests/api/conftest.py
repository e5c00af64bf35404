"""The JSON API on an account whose responses the test writes itself."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pbf.config import Settings
from pbf.proxy import create_app
from pbf.runtime import Runtime
from tests.support.accounts import ACCOUNT


@pytest.fixture
def remote_settings() -> Settings:
    """An account that is reached by a public address, from one allowed origin."""
    return replace(
        ACCOUNT, public_url="https://connect.example", allowed_origins=("https://app.example",)
    )


@pytest.fixture
def remote(remote: Runtime) -> FlaskClient:
    """A client of the JSON API on that account."""
    return create_app(lambda: remote).test_client()
