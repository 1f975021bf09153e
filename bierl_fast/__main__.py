"""`python -m bierl_fast` is `bierl`."""

import os
import sys

# Python puts the working directory first; it joins for code that the user named, or trusts (import_path.py).
home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if not sys.flags.safe_path and sys.path[0] == os.getcwd() != home:
    del sys.path[0]

from bierl_fast.cli.start import main  # noqa: E402 - from where the path then leads

main()
