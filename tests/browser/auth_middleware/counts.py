"""How often the script and its fragment ran for each session."""

from collections import Counter
from collections.abc import Callable

pages: Counter[str] = Counter()
fragments: Counter[str] = Counter()
# The app sets it; the page runs in the same process.
is_valid: Callable[[str], bool] = bool
