"""The program `python -m pbf`; an installed wheel has the program `pbf`, which does the same."""

import sys

from pbf.server.lazy_app import background_loading


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    with background_loading():
        from pbf.commands import command_line

    return command_line.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
