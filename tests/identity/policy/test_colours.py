"""The colours that are made from an accent can be read on the screens."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.identity.policy.colours import DARK, LIGHT, READABLE, contrast, readable_on, text_on
from tests.support.draws import cases

COLOURS = some.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@cases(300)
@given(accent=COLOURS)
def test_every_accent_can_be_read(accent: str):
    assert contrast(text_on(accent), accent) >= READABLE
    for background in (LIGHT, DARK):
        assert contrast(readable_on(background, accent), background) >= READABLE


@pytest.mark.parametrize("background", [LIGHT, DARK])
def test_an_accent_that_can_be_read_is_kept(background):
    accent = {LIGHT: "#0b6e4f", DARK: "#8ab8ff"}[background]

    assert readable_on(background, accent) == accent


def test_black_on_white_has_the_largest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
