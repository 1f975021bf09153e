"""The first thing the command runs: Ctrl-C while it loads ends it quietly.

main -> (leave on Ctrl-C) -> import -> entry -> exit code
"""

import signal
import sys


def main() -> None:
    """Run this process's command line and exit."""
    from bierl_fast.cli.signals import leave  # noqa: PLC0415 - a few milliseconds

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)
    from bierl_fast.cli.main import entry  # noqa: PLC0415 - what may be interrupted

    sys.exit(entry())
