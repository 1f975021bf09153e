"""Whatever started the tests: they and their child processes can be interrupted."""

from __future__ import annotations

import signal

# A shell that is not interactive starts its background jobs with interrupts ignored, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
