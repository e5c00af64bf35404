"""What a policy allows, decided from plain values."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.fivetran.models import Service
from pbf.rules.access.findings import unknown_names, warnings
from pbf.rules.access.policy import Decision, Limits, Mention, Policy, ServiceRule
from pbf.rules.permanent_names import NameRule
from tests.support.draws import cases

BETA = Service(id="new_ads", type="Marketing", service_status="beta")
PLAIN = Service(id="old_crm", type="Sales")  # Fivetran gives no stage for what is available


@pytest.mark.parametrize(
    ("rule", "service", "decision"),
    [
        pytest.param(ServiceRule(), BETA, Decision(True, "all services are allowed"), id="no-rule"),
        pytest.param(
            ServiceRule(categories=frozenset({"sales"})),
            PLAIN,
            Decision(True, "allowed by categories"),
            id="category",
        ),
        pytest.param(
            ServiceRule(categories=frozenset({"sales"})),
            BETA,
            Decision(False, "categories does not list Marketing"),
            id="other-category",
        ),
        pytest.param(
            ServiceRule(stages=frozenset({"generalavailability"})),
            PLAIN,
            Decision(True, "allowed by stages"),
            id="stage",
        ),
        pytest.param(
            ServiceRule(categories=frozenset({"marketing"}), stages=frozenset({"sunset"})),
            BETA,
            Decision(False, "stages does not list beta"),
            id="both-must-be-listed",
        ),
        pytest.param(
            ServiceRule(categories=frozenset()),
            PLAIN,
            Decision(False, "categories does not list Sales"),
            id="empty-list",
        ),
        pytest.param(
            ServiceRule(categories=frozenset(), include=frozenset({"old_crm"})),
            PLAIN,
            Decision(True, "include names it"),
            id="include",
        ),
        pytest.param(
            ServiceRule(include=frozenset({"old_crm"}), exclude=frozenset({"old_crm"})),
            PLAIN,
            Decision(False, "exclude names it"),
            id="exclude-wins",
        ),
    ],
)
def test_a_service_is_allowed_by_the_first_rule_that_decides(rule, service, decision):
    assert rule.decide(service) == decision


@pytest.mark.parametrize(
    ("limits", "defaults", "expected"),
    [
        pytest.param(Limits(), {"paused": True}, {"paused": True}, id="no-limit"),
        pytest.param(Limits(min_sync_frequency=60), {}, {}, id="fivetran-is-slower"),
        pytest.param(
            Limits(min_sync_frequency=720), {}, {"sync_frequency": 720}, id="fivetran-is-faster"
        ),
        pytest.param(
            Limits(min_sync_frequency=720),
            {"sync_frequency": 1440},
            {"sync_frequency": 1440},
            id="chosen",
        ),
    ],
)
def test_new_connectors_keep_the_limit(limits, defaults, expected):
    assert Policy(limits=limits, defaults=defaults).new_connector == expected


@cases(400)
@given(
    typed=some.text(max_size=100),
    before=some.sampled_from(["", "acme_", "7up_", "_"]),
    after=some.sampled_from(["", "_prod", "2"]),
    max_length=some.integers(20, 60),
)
def test_a_pattern_makes_a_valid_name_and_is_applied_once(typed, before, after, max_length):
    rule = NameRule(before, after, max_length)
    typed = f"a{typed}"

    name = rule.name(typed)

    assert 1 <= len(name) <= max_length
    assert name.lstrip("_").startswith(before.strip("_"))
    assert name.endswith(after)
    assert rule.name(name) == name
    assert len(rule.name(typed, "_12")) <= max_length


def test_findings_name_what_the_catalogue_does_not_have():
    policy = Policy(
        mentions=(
            Mention("include", "old_crn", "policy.yaml, line 4"),
            Mention("include", "old_crm", "policy.yaml, line 4"),
            Mention("categories", "sales", "policy.yaml, line 5"),
            Mention("categories", "Slaes", "policy.yaml, line 5"),
            Mention("stages", "beta", "policy.yaml, line 6"),
            Mention("stages", "gamma", "policy.yaml, line 6"),
        )
    )

    assert [str(finding) for finding in unknown_names(policy, (BETA, PLAIN))] == [
        "policy.yaml, line 4: There is no service 'old_crn'. It may have been renamed or removed. "
        "Did you mean old_crm?",
        "policy.yaml, line 5: There is no category 'Slaes'. Use one of Marketing, Sales.",
        "policy.yaml, line 6: There is no release stage 'gamma'. Use one of beta, "
        "general_availability.",
    ]


def test_what_nobody_should_begin_with_is_a_warning():
    ending = Service(
        id="ending", name="Ending", service_status="sunset", supported_features=[{"id": "RE_SYNC"}]
    )
    policy = Policy(mentions=(Mention("include", "ending", "policy.yaml, line 4"),))

    findings = list(warnings(policy, (ending,)))

    assert [finding.text for finding in findings] == [
        "Ending is shown, but Fivetran's API cannot create it.",
        "Ending is in its sunset stage: Fivetran will remove it.",
    ]
    assert not any(finding.is_error for finding in findings)


SOME_IDS = some.frozensets(some.sampled_from([f"service_{number}" for number in range(6)]))
KINDS, STATUSES = ["Marketing", "Sales"], ["", "beta", "sunset"]
SOME_RULES = some.builds(
    ServiceRule,
    categories=some.none() | some.frozensets(some.sampled_from(["marketing", "sales"])),
    stages=some.none() | some.frozensets(some.sampled_from(["generalavailability", "beta"])),
    include=SOME_IDS,
    exclude=SOME_IDS,
)


@cases(500)
@given(
    rule=SOME_RULES,
    sets=some.lists(some.none() | SOME_IDS, max_size=3),
    kinds=some.lists(some.sampled_from(KINDS), min_size=6, max_size=6),
    statuses=some.lists(some.sampled_from(STATUSES), min_size=6, max_size=6),
)
def test_narrowing_allows_what_the_policy_and_each_set_allow(rule, sets, kinds, statuses):
    policy = narrowed = Policy(services=rule, digest="1")
    for ids in sets:
        narrowed = narrowed.narrowed(ids)

    for number, (kind, status) in enumerate(zip(kinds, statuses, strict=True)):
        service = Service(id=f"service_{number}", type=kind, service_status=status)
        in_sets = all(ids is None or service.id in ids for ids in sets)
        expected = policy.services.decide(service).allowed and in_sets
        assert narrowed.services.decide(service).allowed is expected


def test_a_narrowed_policy_has_a_digest_of_its_own_that_is_always_the_same():
    policy = Policy(digest="1")
    ids = frozenset({"b", "a"})

    assert policy.narrowed(None) is policy
    assert policy.narrowed(ids).digest == Policy(digest="1").narrowed(frozenset({"a", "b"})).digest
    digests = {
        each.digest
        for each in (
            policy,
            Policy().narrowed(ids),
            policy.narrowed(ids),
            policy.narrowed(frozenset()),
            policy.narrowed(frozenset({"a"})),
        )
    }
    assert len(digests) == 5
    assert policy.narrowed(ids).narrowed(ids | {"c"}) == policy.narrowed(ids)


def test_a_narrowed_policy_keeps_everything_else():
    policy = Policy(tenant_name="Acme", limits=Limits(connectors=3), digest="1")

    narrowed = policy.narrowed(frozenset({"new_ads"}))

    assert (narrowed.tenant_name, narrowed.limits) == ("Acme", Limits(connectors=3))
    assert narrowed.services.decide(PLAIN) == Decision(False, "the session is for other services")
