"""How often one client may create connectors through the routes."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pbf.config import Settings, load_settings
from pbf.errors import ConfigurationError
from pbf.proxy import create_app
from pbf.runtime import Runtime
from tests.redis_server import redis_server


def routes(house: Runtime, limit: str) -> FlaskClient:
    limited = replace(house, settings=replace(house.settings, create_limit=limit))
    return create_app(lambda: limited).test_client()


def create(client: FlaskClient, name: str, *, sender: str = "127.0.0.1"):
    return client.post(
        "/_/connectors",
        json={"service": "google_sheets", "name": name},
        environ_base={"REMOTE_ADDR": sender},
    )


def test_who_creates_too_many_is_told_when_to_go_on(house: Runtime):
    client = routes(house, "2 per hour")

    made = [create(client, name).status_code for name in ("one", "two")]
    refused = create(client, "three")

    assert made == [200, 200]
    assert (refused.status_code, refused.json["error"]["code"]) == (429, "too_many")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3601
    assert "Try again in 60 minutes." in refused.json["error"]["message"]
    assert create(client, "four", sender="127.0.0.2").status_code == 200
    assert {one["display_name"] for one in client.get("/_/connectors").json} >= {"one", "four"}
    assert "three" not in {one["display_name"] for one in client.get("/_/connectors").json}


def test_looking_counts_for_nothing(house: Runtime):
    client = routes(house, "1 per hour")

    answers = {client.get("/_/connectors").status_code for _ in range(3)}

    assert answers == {200}
    assert create(client, "one").status_code == 200


def test_without_a_limit_there_is_none(house: Runtime):
    client = routes(house, "")

    assert {create(client, f"number {number}").status_code for number in range(4)} == {200}


def test_processes_that_share_redis_count_together(
    house: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with redis_server(tmp_path) as url:
        monkeypatch.setenv("PBF_REDIS_URL", url)
        for name in ("KEY", "SECRET"):
            monkeypatch.setenv(f"FIVETRAN_API_{name}", "a")
        monkeypatch.setenv("FIVETRAN_GROUP_ID", "g")
        one, other = routes(house, "1 per hour"), routes(house, "1 per hour")

        first, second = create(one, "one"), create(other, "two")

    third, fourth = create(other, "three"), create(other, "four")
    assert (first.status_code, second.status_code) == (200, 429)
    assert (third.status_code, fourth.status_code) == (200, 429)  # by itself, without Redis


@pytest.mark.parametrize("text", ["5 per minute", "100 per day"])
def test_a_limit_is_read_from_the_settings(text: str):
    assert load_settings({"PBF_CREATE_LIMIT": text}).create_limit == text


def test_the_limit_can_be_switched_off():
    assert load_settings({"PBF_CREATE_LIMIT": "off"}).create_limit == ""
    assert Settings().create_limit


@pytest.mark.parametrize("text", ["many", "0 per hour", "5", "5 per second or so"])
def test_what_is_no_limit_is_refused(text: str):
    with pytest.raises(ConfigurationError, match="PBF_CREATE_LIMIT"):
        load_settings({"PBF_CREATE_LIMIT": text})
