"""python -m chaos.soak.program MODULE ...: run a module of the product beside a faster Fivetran.

A connector belongs to a lost call if it was created soon after it, by Fivetran's clock. Here this
clock is the sandbox's, on which the same two minutes of ours are many times as long.
"""

import runpy
import sys

from chaos.soak.plan import SPEED
from pbf.rules.writes import adoption


def main() -> None:
    """Run the module that the arguments name, with the arguments after it."""
    adoption.LATEST_EFFECT *= SPEED
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
