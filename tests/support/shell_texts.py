"""Texts that a shell, Python or HCL could take for more than a text."""

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["it's", '"', "$(id)", "`id`", "${HOME}", "%{if}", "a\nb", "\\", "'\"'\"'", "!!", "@file"]
)
# Controls, direction marks, and characters without a glyph, also of two UTF-16 units.
UNSEEN = "a\x00\x1b\x85\xad\u061c\u200b\u200f\u2028\u202e\u2066\u2069\ufeff\U000e0041b"
