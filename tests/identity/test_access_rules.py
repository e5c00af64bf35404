"""Access rules decide of which tenants someone becomes a member."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.identity.access_rules import AccessRule, memberships
from pbf.identity.claims import Claims
from pbf.rules.access.permissions import Role
from tests.support.draws import cases

# What a provider says of someone.
claims_of = partial(Claims, provider="entra", issuer="https://id.example", subject="ada")


def rule(claim: str = "groups", tenant: str = "acme", role: Role = Role.EDITOR, **how: Any):
    return AccessRule("entra", claim, tenant, role, **how)


@pytest.mark.parametrize(
    ("how", "value", "matches"),
    [
        pytest.param({"contains": "a"}, ["b", "a"], True, id="listed"),
        pytest.param({"contains": "a"}, ["ab"], False, id="part-of-a-text-in-a-list"),
        pytest.param({"contains": "a"}, "a", True, id="the-only-one"),
        pytest.param({"contains": "a"}, "ab", False, id="part-of-a-text"),
        pytest.param({"contains": "a"}, {"a": 1}, False, id="map"),
        pytest.param({"contains": "1"}, [1, True, None], False, id="no-texts"),
        pytest.param({"equals": "a"}, "a", True, id="equal"),
        pytest.param({"equals": "a"}, "A", False, id="capital"),
        pytest.param({"equals": "a"}, ["a"], False, id="a-list-equals-no-text"),
        pytest.param({"equals": "a"}, None, False, id="null"),
    ],
)
def test_a_claim_is_a_text_or_lists_it(how, value, matches):
    assert rule(**how).matches(claims_of(all={"groups": value})) is matches


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"realm_access": {"roles": ["a"]}}, id="in-a-map"),
        pytest.param({"realm_access.roles": ["a"]}, id="by-its-whole-name"),
        pytest.param({"realm_access": {"roles": ["a"]}, "realm_access.roles": []}, id="both"),
    ],
)
def test_a_name_with_dots_finds_a_claim_in_a_map(claims):
    assert rule("realm_access.roles", contains="a").matches(claims_of(all=claims))


def test_a_claim_that_is_missing_or_of_another_provider_does_not_count():
    claims = claims_of(all={"groups": ["a"]})

    assert not rule("roles", contains="a").matches(claims)
    assert not rule("groups.a", contains="a").matches(claims)
    assert not AccessRule("google", "groups", "acme", Role.ADMIN, contains="a").matches(claims)


@pytest.mark.parametrize(
    ("claim", "email", "verified", "trusted", "matches"),
    [
        pytest.param("email", "Ada@Acme.example", True, False, True, id="verified"),
        pytest.param("email", "ada@acme.example", False, False, False, id="unverified"),
        pytest.param("email", "ada@acme.example", False, True, True, id="trusted"),
        pytest.param("email", "ida@acme.example", True, False, False, id="other"),
        pytest.param("email_domain", "ada@ACME.example", True, False, True, id="domain"),
        pytest.param("email_domain", "ada@acme.example", False, False, False, id="unverified-dom"),
        pytest.param("email_domain", "ada@x.acme.example", True, False, False, id="subdomain"),
        pytest.param("email_domain", "x@evil.example@acme.example", True, False, False, id="two"),
        pytest.param("email_domain", "acme.example", True, False, False, id="no-address"),
        pytest.param("email", "", True, True, False, id="empty"),
    ],
)
@pytest.mark.parametrize("how", ["equals", "contains"])
def test_an_e_mail_address_counts_if_it_is_verified(how, claim, email, verified, trusted, matches):
    text = "ada@acme.example" if claim == "email" else "acme.example"
    claims = claims_of(email=email, email_verified=verified)

    assert rule(claim, trust_email=trusted, **{how: text}).matches(claims) is matches


def test_a_domain_that_unicode_calls_equal_does_not_count():
    claims = claims_of(email="ada@\u017ftra\u00dfe.example", email_verified=True)

    assert not rule("email_domain", equals="strasse.example").matches(claims)
    assert not rule("email_domain", equals="stra\u00dfe.example").matches(claims)
    assert rule("email", equals=claims.email).matches(claims)


def test_a_raw_e_mail_claim_does_not_count():
    claims = claims_of(all={"email": "ada@acme.example", "email_domain": "acme.example"})

    assert not rule("email", equals="ada@acme.example").matches(claims)
    assert not rule("email_domain", equals="acme.example").matches(claims)


def test_in_each_tenant_the_first_rule_that_matches_sets_the_role():
    claims = claims_of(all={"groups": ["a", "b"]})
    rules = (
        rule(contains="c", role=Role.ADMIN),
        rule(contains="b", role=Role.VIEWER),
        rule(contains="a", role=Role.ADMIN),
        rule(contains="a", role=Role.ADMIN, tenant="globex"),
    )

    assert memberships(claims, rules) == {"acme": Role.VIEWER, "globex": Role.ADMIN}


TEXTS = some.sampled_from(["a", "b", "c", "d"])
NAMES = some.sampled_from(["groups", "roles", "x", "x.y", "email", "email_domain"])
VALUES = some.recursive(
    TEXTS | some.lists(TEXTS) | some.none() | some.integers(0, 3),
    lambda inner: some.dictionaries(some.sampled_from(["y", "z"]), inner, max_size=2),
    max_leaves=4,
)
CLAIMS = some.builds(
    claims_of,
    provider=some.sampled_from(["entra", "google"]),
    email=some.sampled_from(["", "a@b", "a"]),
    email_verified=some.booleans(),
    all=some.dictionaries(NAMES, VALUES),
)
RULES = some.lists(
    some.builds(
        AccessRule,
        provider=some.sampled_from(["entra", "google"]),
        claim=NAMES,
        tenant=some.sampled_from(["acme", "globex", "initech"]),
        role=some.sampled_from([Role.VIEWER, Role.EDITOR, Role.ADMIN]),
        contains=TEXTS | some.just("a@b"),
        trust_email=some.booleans(),
    ),
    max_size=6,
)


def grown(value: Any, more: list[str]) -> Any:
    """Return a claim that says more: longer lists, also within maps."""
    if isinstance(value, dict):
        return {key: grown(inner, more) for key, inner in value.items()} | {"new": more}
    if isinstance(value, list):
        return [*more, *value]
    return [value, *more] if isinstance(value, str) else value


@cases(300)
@given(claims=CLAIMS, rules=RULES, more=some.lists(TEXTS), new=some.dictionaries(NAMES, VALUES))
def test_who_has_more_claims_is_a_member_of_no_fewer_tenants(claims, rules, more, new):
    larger = claims_of(
        provider=claims.provider,
        email=claims.email or "a@b",
        email_verified=True,
        all={**new, **{name: grown(value, more) for name, value in claims.all.items()}},
    )

    assert memberships(claims, rules).keys() <= memberships(larger, rules).keys()


@cases(300)
@given(claims=CLAIMS, rules=RULES)
def test_nobody_is_a_member_without_a_rule(claims, rules):
    roles = memberships(claims, rules)

    assert memberships(claims, ()) == {}
    assert roles.items() <= {(rule.tenant, rule.role) for rule in rules}
