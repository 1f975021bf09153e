"""`python -m bierl_fast` is `bierl`."""

from bierl_fast.cli.start import main

main()
