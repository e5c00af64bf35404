import pytest

from pbf.visible_text import is_one_line, shown, typeable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Sales 2026", "Sales 2026", id="ordinary"),
        pytest.param("", "", id="nothing"),
        pytest.param("a\nb\r\n\tc", "a b c", id="line-breaks"),
        pytest.param("a\u2028b\u0085c", "a b c", id="other-line-breaks"),
        pytest.param("  a   b  ", "a b", id="blanks"),
        pytest.param("a\u202eb\u2066c", "a\ufffdb\ufffdc", id="turned-round"),
        pytest.param("a\0b\x1b[31m", "a\ufffdb\ufffd[31m", id="controls"),
        pytest.param("a\u200bb\u00adc\ufeff", "a\ufffdb\ufffdc\ufffd", id="without-width"),
        pytest.param("a\ud800b", "a\ufffdb", id="half-a-letter"),
        pytest.param("a\u3164b", "a\ufffdb", id="blank-letter"),
        pytest.param("a\u200db", "a\ufffdb", id="joiner-between-plain-letters"),
        pytest.param("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", id="family"),
        pytest.param("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", id="persian"),
        pytest.param("\u00a0", "\ufffd", id="only-blanks"),
    ],
)
def test_a_text_from_outside_is_one_line_of_visible_characters(text, expected):
    assert shown(text) == expected
    assert shown(expected) == expected


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        pytest.param("North\nSouth", "North South", id="line-break"),
        pytest.param("\u202eNorth", "North", id="turned-round"),
        pytest.param("No\u00adrth", "North", id="soft-hyphen"),
        pytest.param("Cafe\u0301", "Café", id="accent-of-its-own"),
        pytest.param(" North  South ", "North South", id="blanks"),
    ],
)
def test_what_is_shown_of_a_name_can_be_typed(name, typed):
    assert typeable(name) == typeable(shown(name)) == typeable(typed) == typed


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\u202eb", "a\u200bb", "a\ufffdb"])
def test_what_is_not_one_line_of_visible_characters_is_told_apart(text):
    assert not is_one_line(text)
    assert is_one_line("Möbel & 👩\u200d👧 - 日本")
