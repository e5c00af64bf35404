from tests.support.servers import output_of

# What every page imports, and what only those pages do whose visitor has switched Show API on.
SCRIPT = """
import sys
import pbf.runtime
import pbf.ui.page, pbf.ui.overview, pbf.ui.show_api.marks
from pbf.ui.connector import detail
print(*sorted(name for name in sys.modules if "show_api" in name))
"""


def test_with_the_switch_off_nothing_is_imported_but_the_switch():
    assert output_of(SCRIPT).split() == [
        "pbf.show_api",
        "pbf.show_api.access",
        "pbf.show_api.exchanges",
        "pbf.ui.show_api",
        "pbf.ui.show_api.marks",
    ]
