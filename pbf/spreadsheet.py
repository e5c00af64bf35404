"""CSV with fields that no spreadsheet runs as formulas.

Every field is quoted. A spreadsheet treats text as a formula if it begins with one of a few signs,
also after blanks and quotes. A spreadsheet that splits fields at a semicolon or a tab, or reads
each line separately, sees further beginnings within a field. An apostrophe before the sign prevents
it.
`components/connector_table/download.js` follows the same rule; tests/support/formulas.json has the
cases for both.
"""

import csv
import re
from collections.abc import Iterable
from io import StringIO

_SIGNS = "=+\\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
_BLANKS = ' \\v\\f\\0"\u0085\u00a0\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff'
_FORMULA = re.compile(rf"(?:(?<![\s\S])|(?<=[;\t\r\n]))(?=[{_BLANKS}]*[{_SIGNS}])")
_LEADING = ("\t", "\r", "\n")


def harmless(text: str) -> str:
    """Return a text as a field that no spreadsheet runs as a formula."""
    safe = _FORMULA.sub("'", text)
    return f"'{safe}" if safe.startswith(_LEADING) else safe


def line(values: Iterable[str], end: str = "\n") -> str:
    """Return values as a line of CSV."""
    text = StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=end).writerow(map(harmless, values))
    return text.getvalue()
