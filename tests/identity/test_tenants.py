"""The tenants of the policy file, of the store and of the settings."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pbf.errors import InvalidPolicy, StoreFailed
from pbf.fivetran.models import Service
from pbf.identity.policy.source import CHECK_INTERVAL
from pbf.identity.tenants import DEMO_POLICY, SettingsTenant, TenantEntry, Tenants
from pbf.rules.access.policy import Limits
from pbf.rules.permanent_names import NameRule
from tests.support.clock import Clock

OWN = SettingsTenant("own_group", "Data connections")
FILE = """\
version: 1
policies:
  trial: {limits: {connectors: 3}, naming: {pattern: "{tenant}_{name}", max_length: 20}}
  part: {defaults: {daily_sync_time: "06:00"}}
tenants:
  acme: {name: Acme Ltd, group: one}
  globex: {group: two, policy: trial}
"""
SERVICE = Service(id="stripe", type="Finance")


@dataclass
class Row:
    """A tenant of the store."""

    id: str
    group_id: str
    policy: str = ""
    name: str = ""


class Rows:
    """The tenants of a store that may fail."""

    def __init__(self, *rows: Row) -> None:
        self.rows = rows
        self.reads = 0
        self.fails = False

    def __call__(self) -> tuple[Row, ...]:
        self.reads += 1
        if self.fails:
            raise StoreFailed("The database cannot be read.")
        return self.rows


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(path: Path | None, *, text: str = FILE, own: SettingsTenant = OWN, **options: Any):
    if path:
        path.write_text(text, encoding="utf-8")
    return Tenants(path, own, **options)


def listed(tenants: Tenants) -> list[tuple[str, str, str, str]]:
    return [(entry.id, entry.name, entry.group_id, entry.source) for entry in tenants.all()]


@pytest.mark.parametrize("sign_in", [False, True])
def test_without_a_file_there_is_the_tenant_of_the_settings(sign_in):
    tenants = opened(None, sign_in=sign_in)

    assert listed(tenants) == [("own_group", "Data connections", "own_group", "settings")]
    assert tenants.get("own_group").policy.digest == ""
    assert (tenants.providers, tenants.access, tenants.policy_names) == ((), (), ())
    assert tenants.problem == ""


def test_without_sign_in_the_file_serves_the_tenant_of_the_settings(policy_path):
    rows = Rows(Row("initech", "three"))
    tenants = opened(policy_path, own=SettingsTenant("two", "Data"), added=rows)

    assert listed(tenants) == [("two", "Data", "two", "settings")]
    assert tenants.get("two").policy.limits.connectors == 3
    assert rows.reads == 0


def test_without_sign_in_a_file_must_name_the_group(policy_path):
    with pytest.raises(InvalidPolicy, match="none has FIVETRAN_GROUP_ID"):
        opened(policy_path)


def test_the_sandboxs_group_is_that_of_the_only_tenant(policy_path):
    text = "version: 1\ntenants: {acme: {group: x, limits: {connectors: 3}}}\n"
    tenants = opened(policy_path, text=text, own=SettingsTenant("made_up", "Data", is_only=True))

    assert tenants.get("made_up").policy.limits.connectors == 3


def test_with_sign_in_there_are_the_tenants_of_the_file_and_of_admins(policy_path):
    rows = Rows(Row("initech", "three", "trial", "Initech"), Row("hooli", "four"))
    tenants = opened(policy_path, sign_in=True, added=rows)

    assert listed(tenants) == [
        ("acme", "Acme Ltd", "one", "file"),
        ("globex", "globex", "two", "file"),
        ("initech", "Initech", "three", "admin"),
        ("hooli", "hooli", "four", "admin"),
    ]
    assert tenants.get("initech").policy.naming == NameRule("initech_", "", 20)
    assert tenants.get("hooli").policy.services.decide(SERVICE).allowed
    assert tenants.get("own_group") is None
    assert tenants.by_group("three") is tenants.get("initech")
    assert tenants.by_group("none") is None
    assert tenants.policy_names == ("trial",)
    assert tenants.problem == ""


def test_with_sign_in_each_tenant_needs_a_group(policy_path):
    text = FILE.replace("group: two, ", "")
    with pytest.raises(InvalidPolicy, match="line 7: globex has no group"):
        opened(policy_path, text=text, sign_in=True)

    assert opened(policy_path, text=text, sign_in=True, groups={"globex": "x"}).by_group("x")


def test_with_sign_in_the_secrets_of_providers_must_be_there(policy_path):
    provider = "{id: a, issuer: 'https://a.example', client_id: x, secret_env: A_SECRET}"
    text = f"{FILE}providers: [{provider}]\n"

    with pytest.raises(InvalidPolicy, match="line 8: The environment variable A_SECRET is not"):
        opened(policy_path, text=text, sign_in=True)

    tenants = opened(policy_path, text=text, sign_in=True, environ={"A_SECRET": "x"})
    assert [provider.id for provider in tenants.providers] == ["a"]
    assert opened(policy_path, text=text, own=SettingsTenant("one", ""))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param(Row("acme", "three"), "there is another tenant with the id acme", id="id"),
        pytest.param(Row("initech", "two"), "globex has the same group", id="group"),
        pytest.param(Row("hooli", "four"), "there is another tenant with the id hooli", id="row"),
    ],
)
def test_the_file_wins_over_a_tenant_with_the_same_id_or_group(policy_path, caplog, row, problem):
    with caplog.at_level(logging.WARNING):
        tenants = opened(policy_path, sign_in=True, added=Rows(Row("hooli", "three"), row))

    message = f"The tenant {row.id} that an admin added is not used, because {problem}."
    assert tenants.problem == f"{message} Change or remove it."
    assert [record.message for record in caplog.records] == [tenants.problem]
    assert len(tenants.all()) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(Row("x", "three", "pro"), "There is no policy 'pro'", id="unknown"),
        pytest.param(Row("x", "three", "part"), "line 4: daily_sync_time needs", id="incomplete"),
        pytest.param(Row("longer_id", "three", "trial"), "line 3: The pattern leaves", id="room"),
    ],
)
def test_a_tenant_whose_policy_cannot_be_used_gets_nothing_new(policy_path, row, reason):
    tenants = opened(policy_path, sign_in=True, added=Rows(row))

    policy = tenants.get(row.id).policy

    assert not policy.services.decide(SERVICE).allowed
    assert policy.limits == Limits(connectors=0, invitations=False)
    assert f"{row.id} has no valid policy and cannot get new connectors. " in tenants.problem
    assert reason in tenants.problem


def test_a_policy_of_no_file_is_a_problem():
    tenants = opened(None, sign_in=True, added=Rows(Row("x", "three", "trial")))

    assert tenants.problem.endswith("There is no policy file. Set PBF_POLICY.")


def test_many_problems_are_counted(policy_path):
    rows = Rows(*(Row("acme", f"g{number}") for number in range(3)), *map_rows(6))
    tenants = opened(policy_path, sign_in=True, added=rows)

    assert tenants.problem.count("is not used") == 3
    assert tenants.problem.endswith("There are 4 more problems.")


def map_rows(number: int) -> list[Row]:
    return [Row(f"t{index}", "one") for index in range(number)]


def test_an_added_tenant_is_there_within_seconds_or_at_once_if_told(policy_path, clock):
    rows = Rows()
    tenants = opened(policy_path, sign_in=True, added=rows, clock=clock)

    rows.rows = (Row("initech", "three"),)
    assert tenants.get("initech") is None
    clock.advance(CHECK_INTERVAL)
    assert tenants.get("initech")

    rows.rows = ()
    assert tenants.policy("initech").services.decide(SERVICE).allowed
    tenants.refresh()
    assert tenants.get("initech") is None
    assert not tenants.policy("initech").services.decide(SERVICE).allowed


def test_the_store_is_read_only_every_few_seconds(policy_path, clock):
    rows = Rows(Row("initech", "three"))
    tenants = opened(policy_path, sign_in=True, added=rows, clock=clock)

    for _ in range(1000):
        clock.advance(CHECK_INTERVAL / 250)
        tenants.get("initech")

    assert rows.reads <= 5


def test_a_store_that_fails_leaves_the_last_tenants(policy_path, clock):
    rows = Rows(Row("initech", "three"))
    tenants = opened(policy_path, sign_in=True, added=rows, clock=clock)
    rows.fails = True
    clock.advance(CHECK_INTERVAL)

    assert tenants.get("initech")
    assert tenants.problem.endswith("may be out of date. The database cannot be read.")

    rows.fails = False
    clock.advance(CHECK_INTERVAL)
    tenants.all()
    assert tenants.problem == ""


def test_a_changed_file_changes_tenants_rules_and_added_tenants(policy_path, clock):
    rows = Rows(Row("initech", "three", "trial"))
    tenants = opened(policy_path, sign_in=True, added=rows, clock=clock)
    before = tenants.get("initech")

    changed = FILE.replace("connectors: 3", "connectors: 30").replace("acme:", "umbrella:")
    changed += (
        "access: [{provider: oidc, claim: a, equals: b, tenant: umbrella, role: viewer}]\n# more\n"
    )
    policy_path.write_text(changed, encoding="utf-8")
    clock.advance(CHECK_INTERVAL)

    assert [entry.id for entry in tenants.all()] == ["umbrella", "globex", "initech"]
    assert tenants.get("initech").policy.limits.connectors == 30
    assert before.policy.limits.connectors == 3
    assert [rule.tenant for rule in tenants.access] == ["umbrella"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(FILE.replace("trial:", "Trial:"), "line 3: An id starts", id="mistake"),
        pytest.param(FILE.replace("group: one", "name: x"), "line 6: This key", id="yaml"),
        pytest.param(FILE.replace(", group: one", ""), "line 6: acme has no group", id="group"),
    ],
)
def test_a_broken_file_leaves_the_last_valid_one_in_force(policy_path, clock, caplog, text, reason):
    rows = Rows()
    tenants = opened(policy_path, sign_in=True, added=rows, clock=clock)
    before = tenants.all()

    policy_path.write_text(text, encoding="utf-8")
    rows.rows = (Row("initech", "three", "trial"),)
    clock.advance(CHECK_INTERVAL)
    with caplog.at_level(logging.ERROR):
        entries = [tenants.all() for _ in range(3)][-1]

    assert entries[:2] == before
    assert entries[2].policy.limits.connectors == 3
    assert reason in tenants.problem
    assert tenants.problem.endswith("The last valid policy stays in force.")
    assert len(caplog.records) == 1


def test_tenants_stay_the_same_objects_until_something_changes(policy_path, clock):
    rows = Rows(Row("initech", "three", "trial"))
    tenants = opened(policy_path, sign_in=True, added=rows, clock=clock)
    policies = [entry.policy for entry in tenants.all()]

    rows.rows = (*rows.rows, Row("hooli", "four"))
    clock.advance(CHECK_INTERVAL)

    assert len(tenants.all()) == 4
    assert all(
        entry.policy is policy for entry, policy in zip(tenants.all(), policies, strict=False)
    )


def test_a_thousand_tenants_share_the_parts_of_their_policies(policy_path):
    lines = [f"  t{number}: {{group: g{number}, policy: trial}}" for number in range(500)]
    lines += [
        f"  u{number}: {{group: h{number}, policy: trial, services: {{include: [stripe]}}}}"
        for number in range(500)
    ]
    text = FILE.partition("  acme")[0] + "\n".join(lines)
    policies = [entry.policy for entry in opened(policy_path, text=text, sign_in=True).all()]

    assert len(policies) == 1000
    assert len({id(policy.limits) for policy in policies}) == 1
    assert len({id(policy.services) for policy in policies}) == 2
    assert len({id(policy.branding) for policy in policies}) == 1
    assert len({id(policy.defaults) for policy in policies}) == 1
    assert len({policy.digest for policy in policies}) == 1000


def test_the_demo_has_three_tenants_with_a_policy_each():
    groups = {"acme": "a", "globex": "g", "initech": "i"}
    tenants = Tenants(DEMO_POLICY, OWN, sign_in=True, groups=groups)
    acme, globex, initech = tenants.all()

    assert [entry.group_id for entry in (acme, globex, initech)] == ["a", "g", "i"]
    assert (acme.name, globex.name, initech.name) == ("Acme Ltd", "Globex", "Initech")
    assert globex.policy.naming == NameRule("globex_")
    assert globex.policy.branding.product_name == "Globex Sources"
    assert (globex.policy.limits.connectors, globex.policy.limits.min_sync_frequency) == (10, 60)
    assert initech.policy.limits == Limits(connectors=5, invitations=False)
    sheets = Service(id="google_sheets", type="File")
    old_ads = Service(id="old_ads", type="Marketing", service_status="sunset")
    postgres = Service(id="postgres", type="Database")
    assert allowed(acme, sheets, old_ads, postgres) == [True, True, True]
    assert allowed(globex, sheets, old_ads, postgres) == [True, False, False]
    assert allowed(initech, sheets, old_ads, postgres) == [False, False, True]


def allowed(entry: TenantEntry, *services: Service) -> list[bool]:
    return [entry.policy.services.decide(service).allowed for service in services]
