"""``python -m refsort`` is ``refsort``."""

import sys

from refsort.cli import main

sys.exit(main())
