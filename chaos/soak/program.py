"""python -m chaos.soak.program MODULE ...: run a module with limits that suit the sandbox's clock.

Whether a lost call has created a connector is told by Fivetran's clock, which runs faster in a run.
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
