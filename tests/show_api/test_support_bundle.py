import json

from pbf.redaction import CONTROLS
from pbf.show_api.calls import Calls
from pbf.show_api.exchanges import Exchange
from pbf.show_api.support_bundle import PACKAGES, support_bundle
from tests.support.shell_texts import UNSEEN

CARD = "https://fivetran.com/connect-card/setup?auth=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2ln"


def test_the_bundle_has_calls_versions_and_names_of_settings():
    calls = Calls()
    content = json.dumps({"data": {"connect_card": {"uri": CARD}, "id": "lamp"}}).encode()
    exchange = Exchange("POST", "/v1/connections", {}, {"a": 1}, 0.0, 12, 201, {}, content)
    calls.record("acme", exchange)

    settings = ["PBF_SIGNING_KEY", "FIVETRAN_API_KEY", "HOME", "AWS_SECRET_ACCESS_KEY"]
    bundle = json.loads(support_bundle(calls.of("acme"), settings))

    assert bundle["settings"] == ["FIVETRAN_API_KEY", "PBF_SIGNING_KEY"]
    assert bundle["versions"].keys() == {"python", *PACKAGES}
    (call,) = bundle["calls"]
    assert (call["method"], call["path"], call["status"]) == ("POST", "/v1/connections", 201)
    assert call["at"] == "1970-01-01T00:00:00.000+00:00"
    assert call["milliseconds"] == 12
    assert json.loads(call["answer"])["data"] == {"connect_card": {"uri": "[card]"}, "id": "lamp"}


def test_the_bundle_has_no_raw_controls_or_direction_marks():
    calls = Calls()
    content = json.dumps({"name": UNSEEN}).encode()
    headers = {"Date": UNSEEN}
    path = f"/v1/connections/{UNSEEN}"
    calls.record("acme", Exchange("GET", path, {"a": UNSEEN}, None, 0.0, 1, 200, headers, content))

    bundle = support_bundle(calls.of("acme"), [f"PBF_{UNSEEN}"]).decode()

    assert not any(CONTROLS.search(line) for line in bundle.split("\n"))
    (call,) = json.loads(bundle)["calls"]
    assert json.loads(call["answer"]) == {"name": UNSEEN}
    assert call["path"] == path
