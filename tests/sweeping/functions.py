"""Tasks that only worker processes can show something with."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from bierl_fast.messages import F32


def slow(x: F32) -> float:
    """A parabola that takes its time."""
    time.sleep(0.002)
    return -float(np.square(x - 1.0).sum())


def nowhere(x: F32) -> float:
    """Has no value anywhere."""
    return float("nan")


def narrow(x: F32) -> float:
    """A parabola with a value within 3 of the origin alone."""
    return -float(np.square(x - 1.0).sum()) if float(np.abs(x).max()) < 3.0 else float("nan")


def dying_once(x: F32) -> float:
    """A parabola; ends its process once, as the system does when memory runs out."""
    mark = Path(os.environ["BIERL_TEST_MARK"])
    if not mark.exists() and float(np.abs(x - 1.0).max()) < 0.99:
        mark.touch()
        os.kill(os.getpid(), 9)
    return -float(np.square(x - 1.0).sum())
