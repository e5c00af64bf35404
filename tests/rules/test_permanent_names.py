import re

import pytest

from pbf.errors import InvalidName
from pbf.rules.permanent_names import ANY_NAME, MAX_LENGTH, permanent_name

VALID = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("sales", "sales", id="as-it-is"),
        pytest.param("Möbel", "mobel", id="umlaut"),
        pytest.param("Crème Brûlée", "creme_brulee", id="accents"),
        pytest.param("Straße", "strasse", id="sharp-s"),
        pytest.param("İstanbul", "istanbul", id="dotted-capital-i"),
        pytest.param("ﬁnance", "finance", id="ligature"),
        pytest.param("Продажи", "prodazhi", id="cyrillic"),
        pytest.param("مرحبا", "mrhb", id="right-to-left"),
        pytest.param("\u202egnp.exe\u202c", "gnp_exe", id="turned-round"),
        pytest.param("e\u0301te\u0301", "ete", id="accents-of-their-own"),
        pytest.param("Our SALES", "our_sales", id="capitals"),
        pytest.param("a - b / c", "a_b_c", id="signs-become-one-underscore"),
        pytest.param("  a  ", "a", id="blanks-at-the-ends"),
        pytest.param("__a__b__", "a_b", id="underscores"),
        pytest.param("a\0b\nc\td", "a_b_c_d", id="control-characters"),
        pytest.param("a.b", "a_b", id="dot"),
        pytest.param("'; drop table x; --", "drop_table_x", id="sql"),
        pytest.param("2026 budget", "_2026_budget", id="digit-first"),
        pytest.param("__2026", "_2026", id="underscores-and-digit-first"),
        pytest.param("٣ shops", "_3_shops", id="digit-of-another-alphabet"),
        pytest.param("7", "_7", id="digit-alone"),
        pytest.param("🎉", "tada", id="emoji"),
        pytest.param("x" * 60, "x" * 60, id="longest"),
        pytest.param("x" * 61, "x" * 60, id="too-long"),
        pytest.param("9" * 60, "_" + "9" * 59, id="too-long-with-digit-first"),
        pytest.param("x" * 59 + " y", "x" * 59, id="cut-at-an-underscore"),
        pytest.param("x" * 10_000, "x" * 60, id="ten-thousand-letters"),
    ],
)
def test_a_typed_name_becomes_valid_by_rule(typed, expected):
    assert ANY_NAME.name(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \t\n", id="blanks"),
        pytest.param("___", id="underscores"),
        pytest.param("!?.,;:-…«»", id="punctuation"),
        pytest.param("\u200b\u200d\ufeff", id="invisible"),
        pytest.param("\0\0", id="null-bytes"),
        pytest.param("\ud800", id="half-a-letter"),
    ],
)
def test_a_name_without_a_letter_or_digit_is_refused(typed):
    with pytest.raises(InvalidName, match="at least one letter or digit"):
        ANY_NAME.name(typed)


def test_any_typed_text_becomes_a_valid_and_stable_name():
    for code in [*range(0x3000), *range(0x1F300, 0x1F700)]:
        for typed in (chr(code), f"a{chr(code)}1", f"{chr(code)}9 " * 40):
            try:
                name = ANY_NAME.name(typed)
            except InvalidName:
                continue
            assert VALID.fullmatch(name), (code, name)
            assert len(name) <= MAX_LENGTH
            assert ANY_NAME.name(name) == name


@pytest.mark.parametrize(
    ("service", "schema"),
    [
        pytest.param("github", "our_sales", id="schema"),
        pytest.param("google_sheets", "our_sales.our_sales", id="schema-and-table"),
        pytest.param("postgres", "our_sales", id="prefix"),
        pytest.param("s3", "our_sales.our_sales", id="schema-and-table-group"),
    ],
)
def test_the_permanent_name_shows_the_resulting_schema(service, schema):
    name = permanent_name(service, "Our sales")

    assert (name.name, name.schema) == ("our_sales", schema)
    assert (name.free, name.taken) == ("our_sales", False)


@pytest.mark.parametrize(
    ("existing", "free"),
    [
        pytest.param([], "sales", id="nobody"),
        pytest.param(["sale", "sales_2", "my_sales"], "sales", id="only-alike"),
        pytest.param(["sales"], "sales_2", id="same"),
        pytest.param(["SALES"], "sales_2", id="in-capitals"),
        pytest.param(["sales.orders"], "sales_2", id="with-another-table"),
        pytest.param(["orders.sales"], "sales", id="as-a-table-only"),
        pytest.param(["sales", "sales_2.x", "Sales_3"], "sales_4", id="several"),
        pytest.param(["sales", "sales_3"], "sales_2", id="gap"),
        pytest.param([""], "sales", id="a-connector-without-a-name"),
    ],
)
def test_a_taken_name_offers_the_next_free_one(existing, free):
    name = permanent_name("postgres", "Sales", existing)

    assert (name.name, name.free, name.taken) == ("sales", free, free != "sales")


def test_the_free_name_respects_the_maximum_length():
    longest = "x" * MAX_LENGTH
    existing = [longest, *(f"{'x' * 58}_{number}" for number in range(2, 10))]

    name = permanent_name("github", longest, existing)

    assert name.free == f"{'x' * 57}_10"


def test_the_free_name_has_no_double_underscore_where_it_was_cut():
    typed = "x" * 57 + "_yy"

    assert permanent_name("github", typed, [typed]).free == f"{'x' * 57}_2"
