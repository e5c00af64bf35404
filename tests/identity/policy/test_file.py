"""A policy file is understood, or refused with its line and one sentence."""

import re
from pathlib import Path

import pytest

from pbf.errors import InvalidPolicy
from pbf.identity.policy.file import PolicyFile, read_policy_file
from pbf.rules.access.policy import Limits
from pbf.rules.permanent_names import NameRule
from tests.support.servers import ROOT

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
VALID = """\
version: 1
policies:
  standard:
    services: {categories: [Marketing], include: [postgres, stripe]}
    naming: {pattern: "{tenant}_{name}", max_length: 40}
    defaults: {sync_frequency: 360}
    limits: {connectors: 50, creations: 20 per hour, min_sync_frequency: 60}
    branding: {accent: "#0b6e4f", logo: acme.svg, support: mailto:data@example.com}
  trial: {extends: standard, limits: {connectors: 3}}
tenants:
  acme: {name: Acme Ltd, group: one, policy: standard}
  globex: {group: two, policy: trial, services: {include: [zendesk]}}
"""


def read(folder: Path, text: str) -> PolicyFile:
    (folder / "acme.svg").write_text(SVG)
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return read_policy_file(folder / "policy.yaml")


def test_a_tenant_has_its_policy_and_all_that_it_extends_and_overrides(tmp_path):
    file = read(tmp_path, VALID)

    policy = file.for_group("two")

    assert policy.tenant_name == "globex"
    assert policy.services.categories == {"marketing"}
    assert policy.services.include == {"zendesk"}  # a list replaces the earlier one
    assert policy.limits == Limits(connectors=3, creations="20 per hour", min_sync_frequency=60)
    assert policy.naming == NameRule("globex_", "", 40)
    assert dict(policy.defaults) == {"sync_frequency": 360}
    assert file.for_group("one").tenant_name == "Acme Ltd"


def test_a_name_in_a_list_is_known_by_the_line_where_it_stands(tmp_path):
    mentions = read(tmp_path, VALID).for_group("two").mentions

    assert [(mention.name, mention.where) for mention in mentions] == [
        ("Marketing", "policy.yaml, line 4"),
        ("zendesk", "policy.yaml, line 12"),
    ]


def test_null_lifts_a_limit_of_the_policy_that_is_extended(tmp_path):
    text = VALID.replace("limits: {connectors: 3}", "limits: {connectors: null, creations: null}")

    assert read(tmp_path, text).for_group("two").limits == Limits(min_sync_frequency=60)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("connectors: 3", "connectors: 4", id="limit"),
        pytest.param("zendesk", "github", id="services"),
        pytest.param("group: two", "group: two, name: Globex", id="name"),
    ],
)
def test_the_digest_changes_with_the_policy_of_the_tenant_alone(tmp_path, old, new):
    before, after = read(tmp_path, VALID), read(tmp_path, VALID.replace(old, new))

    assert before.for_group("two").digest != after.for_group("two").digest
    assert before.for_group("one").digest == after.for_group("one").digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("version: 1", "version: 2", "line 1: version must be 1.", id="version"),
        pytest.param("version: 1\n", "", "line 1: version is missing. It", id="no-version"),
        pytest.param("connectors: 3", "conectors: 3", "line 9: There is no key 'conec", id="key"),
        pytest.param("extends: standard", "extends: trial", "line 9: These pol", id="circle"),
        pytest.param("extends: standard", "extends: pro", "line 9: There is no pol", id="extends"),
        pytest.param("policy: trial", "policy: trail", "line 12: There is no pol", id="policy"),
        pytest.param("group: two", "group: one", "line 12: acme has the same group", id="group"),
        pytest.param("globex:", "acme:", "line 12: This key is there twice", id="twice"),
        pytest.param("globex:", "Globex:", "line 12: An id starts with a small", id="id"),
        pytest.param("[Marketing]", "Marketing", "line 4: categories must be a list", id="list"),
        pytest.param("stripe]", "5]", "line 4: include must be a list of ids", id="number"),
        pytest.param("max_length: 40", "max_length: 61", "line 5: max_length must be", id="length"),
        pytest.param("{tenant}_{name}", "{tenant}", "line 5: pattern must be", id="no-name"),
        pytest.param("{tenant}_{name}", "{group}_{name}", "line 5: pattern must", id="unknown"),
        pytest.param("{tenant}_{name}", "x" * 30 + "{name}", "line 5: The pattern", id="no-room"),
        pytest.param(
            "sync_frequency: 360", "sync_frequency: 30", "line 6: sync_frequency must", id="often"
        ),
        pytest.param(
            "sync_frequency: 360", "sync_frequency: 90", "line 6: sync_frequency", id="minutes"
        ),
        pytest.param(
            "sync_frequency: 360", 'daily_sync_time: "06:00"', "line 6: daily_sync_time", id="daily"
        ),
        pytest.param("{sync_frequency: 360}", "{paused: yes}", "line 6: paused must", id="yes"),
        pytest.param("20 per hour", "20 an hour", "line 7: creations must be", id="per-hour"),
        pytest.param('"#0b6e4f"', "green", "line 8: accent must be a colour", id="colour"),
        pytest.param("mailto:data@", "data@", "line 8: support must be", id="support"),
        pytest.param(
            "mailto:data@example.com", '"javascript:x"', "line 8: support must be", id="script"
        ),
        pytest.param("acme.svg", "../acme.svg", "line 8: logo must be the name", id="folder"),
        pytest.param("acme.svg", "none.svg", "line 8: The logo cannot be read", id="no-logo"),
        pytest.param("acme.svg", "policy.yaml", "line 8: The logo must be an SVG", id="type"),
        pytest.param("Acme Ltd", "5", "line 11: name must be one line", id="name"),
        pytest.param("naming: {", "naming: [", "line 5: This is not valid YAML", id="yaml"),
        pytest.param("Acme Ltd", "!!python/name:os.system x", "line 11: name must be", id="tag"),
    ],
)
def test_a_mistake_is_refused_with_its_line(tmp_path, old, new, message):
    with pytest.raises(InvalidPolicy, match=f"^policy.yaml, {re.escape(message)}"):
        read(tmp_path, VALID.replace(old, new, 1))


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(("number", "is_valid"), [(20, True), (21, False)])
def test_a_limited_number_of_policies_extend_one_another(tmp_path, is_reversed, number, is_valid):
    lines = [f"  p{index}: {{extends: p{index - 1}}}\n" for index in range(2, number + 1)]
    lines = ["  p1: {limits: {connectors: 7}}\n", *lines]
    policies = "".join(reversed(lines) if is_reversed else lines)
    text = f"version: 1\npolicies:\n{policies}tenants: {{acme: {{policy: p{number}}}}}\n"

    if is_valid:
        assert read(tmp_path, text).policies["acme"].limits.connectors == 7
    else:
        with pytest.raises(InvalidPolicy, match="More than 20 policies extend one another"):
            read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "- 1\n", "5", "a: \x00", "\tx: 1", "a: &x {b: *x}\n", "[" * 100),
        *("version: 1\ntenants:\n", "version: 1\ntenants: {}\n", "version: 1\n---\nversion: 1\n"),
        "version: 1\ntenants: {a: }\n",
    ],
)
def test_what_is_no_policy_file_is_refused_in_one_line(tmp_path, text):
    with pytest.raises(InvalidPolicy, match=r"^policy\.yaml[,:] .*\.$") as refused:
        read(tmp_path, text)

    assert str(refused.value).isprintable()


@pytest.mark.parametrize("start", ["#", "#x"])
def test_a_file_that_is_too_large_says_so_wherever_its_limit_cuts(tmp_path, start):
    with pytest.raises(InvalidPolicy, match=r"^policy\.yaml is larger than 1 MiB\.$"):
        read(tmp_path, start + "é" * 600_000)


def test_tenants_that_inherit_a_logo_share_it(tmp_path):
    (tmp_path / "acme.svg").write_text(SVG)

    file = read(
        tmp_path,
        "version: 1\npolicies: {p: {branding: {logo: acme.svg}}}\n"
        "tenants: {a: {policy: p}, b: {policy: p}}\n",
    )

    assert file.policies["a"].branding.logo is file.policies["b"].branding.logo


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("acme.png", b"<svg/>", "not an image of the type", id="other-type"),
        pytest.param("acme.svg", b"\x89PNG\r\n\x1a\n", "not an image of the type", id="no-svg"),
        pytest.param("acme.svg", b"<svg>" + b" " * 256 * 1024, "larger than 256 KiB", id="size"),
    ],
)
def test_a_logo_that_is_no_such_image_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    path = tmp_path / "policy.yaml"
    path.write_text(f"version: 1\ntenants:\n  a:\n    branding: {{logo: {name}}}\n")

    with pytest.raises(InvalidPolicy, match=f"line 4: The logo is {message}"):
        read_policy_file(path)


@pytest.mark.parametrize(
    ("tenants", "group_id", "message"),
    [
        pytest.param("{a: {group: x}}", "y", "line 2: The group of a is not", id="other-group"),
        pytest.param("{a: {}, b: {}}", "y", "none has FIVETRAN_GROUP_ID", id="two-without-group"),
        pytest.param("{a: {group: x}, b: {}}", None, "embedded sandbox, keep one", id="sandbox"),
    ],
)
def test_a_file_that_leaves_the_tenant_open_says_what_to_do(tmp_path, tenants, group_id, message):
    file = read(tmp_path, f"version: 1\ntenants: {tenants}\n")

    with pytest.raises(InvalidPolicy, match=message):
        file.for_group(group_id)


@pytest.mark.parametrize(
    ("tenants", "group_id"),
    [
        pytest.param("{a: {}}", "x", id="no-group"),
        pytest.param("{a: {}}", None, id="sandbox"),
        pytest.param("{a: {group: x}}", None, id="sandbox-with-group"),
        pytest.param("{a: {group: x}, b: {group: y}}", "x", id="by-group"),
    ],
)
def test_the_tenant_is_the_only_one_or_that_of_the_group(tmp_path, tenants, group_id):
    file = read(tmp_path, f"version: 1\ntenants: {tenants}\n")

    assert file.for_group(group_id).tenant_name == "a"


def test_the_example_in_the_documents_is_valid(tmp_path):
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]

    file = read(tmp_path, example)
    policy = file.for_group("group_id_2")

    file.require_groups()
    assert [provider.id for provider in file.providers] == ["google", "entra"]
    assert {rule.tenant for rule in file.access} == set(file.policies) == {"acme", "globex"}
    assert policy.branding.product_name == "Globex Sources"
    assert policy.limits.connectors == 3
