"""``python -m refsort`` is ``refsort``: the number of threads first, since what is imported next reads it then only."""

import sys

from refsort import threads


def main() -> int:
    """Run the command line of this process and return its exit code."""
    number = threads.asked_for(sys.argv[1:])
    if number is not None:
        threads.limit(number)
    from refsort import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
