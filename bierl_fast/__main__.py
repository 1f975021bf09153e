"""`python -m bierl_fast` is `bierl`."""

import sys

from bierl_fast.cli.main import entry

sys.exit(entry())
