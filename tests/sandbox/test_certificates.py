"""Certificates and fingerprints of connections and destinations: approved and revoked."""

from urllib.parse import quote

import pytest

BODIES = {
    "certificates": {"hash": "aGFzaA==/+", "encoded_cert": "MIID9DCC"},
    "fingerprints": {"hash": "aGFzaA==/+", "public_key": "ssh-rsa AAAA"},
}
OWNERS = ("connections", "destinations")


@pytest.fixture
def owners(seeded, world):
    return {"connections": seeded("stripe_payments")["id"], "destinations": world.group_id}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("owner", OWNERS)
def test_what_is_approved_is_listed_read_and_revoked(api, world, owners, owner, kind):
    path = f"/{owner}/{owners[owner]}/{kind}"
    one = f"{path}/{quote(BODIES[kind]['hash'], safe='')}"
    before = len(api.data(path)["items"])

    approved = api.post(path, BODIES[kind])
    listed = api.data(path)["items"]
    read = api.data(one)
    revoked = api.send("DELETE", one)

    assert (approved.status_code, approved.json["data"]) == (201, read)
    assert approved.json["message"] == f"The {kind[:-1]} has been approved."
    assert (read["hash"], read["validated_by"]) == (BODIES[kind]["hash"], world.owner_id)
    assert read["validated_date"] == "2026-11-20T12:00:00.000000Z"
    assert (len(listed), listed[-1]) == (before + 1, read)
    assert "has been revoked for" in revoked.json["message"]
    assert len(api.data(path)["items"]) == before
    assert api.get(one).json["code"] == f"NotFound_{kind[:-1].capitalize()}"


def test_the_certificate_of_a_database_can_be_revoked_and_approved_again(api, seeded):
    path = f"/connections/{seeded('webshop')['id']}/certificates"
    [own] = api.data(path)["items"]
    one = f"{path}/{quote(own['hash'], safe='')}"

    api.send("DELETE", one)
    revoked = api.data(path)["items"]
    api.post(path, {"hash": own["hash"], "encoded_cert": "MIID9DCC"})

    assert revoked == []
    assert [item["hash"] for item in api.data(path)["items"]] == [own["hash"]]


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("owner", OWNERS)
def test_the_older_path_approves_for_the_owner_that_the_body_names(api, owners, owner, kind):
    names = {f"{owner[:-1]}_id": owners[owner]}
    answer = api.post(f"/{kind}", {**BODIES[kind], **names})

    listed = [item["hash"] for item in api.data(f"/{owner}/{owners[owner]}/{kind}")["items"]]

    assert (answer.status_code, "data" in answer.json) == (200, False)
    assert BODIES[kind]["hash"] in listed
    assert api.post(f"/{kind}", BODIES[kind]).status_code == 400


@pytest.mark.parametrize("field", ["hash", "public_key"])
def test_an_approval_needs_a_hash_and_the_content(api, owners, field):
    body = {**BODIES["fingerprints"], field: None}

    answer = api.post(f"/destinations/{owners['destinations']}/fingerprints", body)

    assert answer.json == {"code": "InvalidInput", "message": f"Field '{field}' is required"}


def test_an_approved_fingerprint_lets_the_setup_tests_of_a_destination_pass(api, owners):
    path = f"/destinations/{owners['destinations']}"
    tunnel = {"connection_type": "SshTunnel"}
    before = api.patch(path, {"config": tunnel, "time_zone_offset": "0"}).json["data"]

    api.post(f"{path}/fingerprints", BODIES["fingerprints"])
    tested = api.post(f"{path}/test", {}).json["data"]

    failed = [test["title"] for test in before["setup_tests"] if test["status"] == "FAILED"]
    assert failed == ["Connecting to SSH tunnel"]
    assert {test["status"] for test in tested["setup_tests"]} == {"PASSED"}
