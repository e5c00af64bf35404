"""The plan's rate limits per kind of request, over rolling windows."""

import pytest

from pbf.sandbox.core.rate_limits import ALL, SETUP_TESTS, SOURCE, Limits, kinds_of


def test_the_trial_plan_has_lower_limits_and_off_has_none(api, world):
    def limits():
        headers = api.get("/account/info").headers
        return headers.get("X-Rate-Limit"), headers.get("X-Rate-Limit-Remaining")

    paid = limits()
    world.control.set_limits("trial")
    trial = limits()
    world.control.set_limits("off")
    off = limits()

    assert (paid, trial, off) == (("20000", "19999"), ("500", "499"), (None, None))


def test_without_limits_no_request_is_counted_or_refused(api, world):
    world.control.set_limits("off")

    statuses = {api.get("/account/info").status_code for _ in range(600)}

    assert statuses == {200}
    assert world.limits.snapshot() == {"plan": "off", "windows": []}


def test_setup_tests_of_a_trial_end_after_25_in_a_minute_and_50_in_an_hour(api, world, connected):
    world.control.set_limits("trial")

    def run_tests():
        return api.post(f"/connections/{connected}/test", {})

    first = [run_tests().status_code for _ in range(25)]
    in_the_minute = run_tests()
    world.advance(60)
    second = [run_tests().status_code for _ in range(25)]
    world.advance(60)
    in_the_hour = run_tests()

    assert set(first + second) == {200}
    assert in_the_minute.status_code == in_the_hour.status_code == 429
    assert in_the_minute.json == {
        "code": "TooManyRequests",
        "message": "No more than 25 source-interaction requests can be made in one minute",
    }
    assert in_the_minute.headers["Retry-After"] == "60"
    assert "setup-test requests can be made hourly" in in_the_hour.json["message"]
    assert in_the_hour.headers["Retry-After"] == "3480"


def test_an_exhausted_limit_does_not_affect_other_requests(api, world, connected):
    world.control.set_limits("trial")
    for _ in range(25):
        api.post(f"/connections/{connected}/test", {})

    refused = api.post(f"/connections/{connected}/test", {})
    left = api.get("/account/info").headers["X-Rate-Limit-Remaining"]

    assert refused.status_code == 429
    assert refused.headers["X-Rate-Limit-Remaining"] == "475"
    assert left == "474"


@pytest.mark.parametrize(
    ("method", "path", "body", "kinds"),
    [
        pytest.param("GET", "/v1/connections", {}, {ALL}, id="listing"),
        pytest.param("POST", "/v1/connections", {}, {ALL, SETUP_TESTS, SOURCE}, id="create"),
        pytest.param(
            "POST", "/v1/connections", {"run_setup_tests": False}, {ALL}, id="create-untested"
        ),
        pytest.param("POST", "/v1/connectors/", {}, {ALL, SETUP_TESTS, SOURCE}, id="older-create"),
        pytest.param("PATCH", "/v1/connections/a_b", {"paused": True}, {ALL}, id="pause"),
        pytest.param(
            "PATCH",
            "/v1/connections/a_b",
            {"config": {"host": "x"}},
            {ALL, SETUP_TESTS, SOURCE},
            id="another-host",
        ),
        pytest.param(
            "POST", "/v1/connections/a_b/test", {}, {ALL, SETUP_TESTS, SOURCE}, id="setup-tests"
        ),
        pytest.param(
            "POST", "/v1/destinations/a_b/test", {}, {ALL, SETUP_TESTS, SOURCE}, id="destination"
        ),
        pytest.param(
            "POST", "/v1/connections/a_b/schemas/reload", {}, {ALL, SOURCE}, id="schema-reload"
        ),
        pytest.param(
            "GET",
            "/v1/connections/a_b/schemas/s/tables/t/columns",
            {},
            {ALL, SOURCE},
            id="source-columns",
        ),
        pytest.param("POST", "/v1/connections/a_b/connect-card", {}, {ALL}, id="card"),
        pytest.param("POST", "/v1/users", {}, {ALL, "user creations"}, id="user"),
        pytest.param("POST", "/v1/private-links", {}, {ALL, "private link creations"}, id="link"),
    ],
)
def test_a_request_counts_against_the_limits_of_its_kinds(method, path, body, kinds):
    counted = kinds_of(method, path, lambda: body)

    assert set(counted) == kinds


def test_a_window_rolls_and_stores_no_more_than_its_bound():
    limits = Limits("trial")

    allowed = [not limits.count((ALL,), second).refused for second in range(0, 7200, 2)]

    assert sum(allowed) == 1000
    assert allowed[:500] == [True] * 500
    assert allowed[500:1800] == [False] * 1300
    assert len(limits.snapshot()["windows"][0]["times"]) == 500


def test_the_wait_is_in_the_callers_seconds_on_a_fast_clock(api, world):
    world.limits.hourly = 1
    api.get("/account/info")
    world.control.set_speed(60)

    refused = api.get("/account/info")

    assert refused.headers["Retry-After"] == "60"


def test_an_unknown_plan_is_refused(world):
    with pytest.raises(ValueError, match="trial, paid, off"):
        world.limits.plan = "gold"


def test_a_body_that_cannot_be_read_still_counts_as_one_request(api, world):
    answer = api.send("POST", "/connections", data="{", content_type="application/json")

    assert answer.status_code == 400
    assert answer.headers["X-Rate-Limit-Remaining"] == "19999"


def test_refused_requests_can_count_against_the_limit():
    limits = Limits("trial")

    allowed = [
        not limits.count((ALL,), second, count_refused=True).refused for second in range(0, 7200, 2)
    ]

    assert sum(allowed) == 500
    assert len(limits.snapshot()["windows"][0]["times"]) == 500


@pytest.mark.parametrize(
    ("path", "is_of_columns"),
    [
        ("/v1/connections/one/schemas/a/tables/b/columns", True),
        ("/v1/connectors/one/schemas/a/tables/b/columns/", True),
        ("/v1/connections/one/schemas/a/tables/b", False),
        ("/v1/connections/one/tables/columns", False),
        ("/v1/connections/one" + "/tables/" * 100_000, False),
    ],
)
def test_a_request_for_columns_is_recognised_by_a_path_of_any_length(path, is_of_columns):
    assert (SOURCE in kinds_of("GET", path, dict)) is is_of_columns


def test_a_long_email_is_validated_at_once(api):
    body = {"email": "a@" + "." * 500_000 + "@", "given_name": "a", "family_name": "b"}

    assert api.post("/users", body).status_code == 400
