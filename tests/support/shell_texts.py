"""Texts that a shell, Python or HCL could take for more than a text."""

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["it's", '"', "$(id)", "`id`", "${HOME}", "%{if}", "a\nb", "\\", "'\"'\"'", "!!", "@file"]
)
