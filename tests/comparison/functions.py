"""Tasks that only worker processes can show something with."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from bierl_fast.messages import F32


def slow(x: F32) -> float:
    """A parabola that takes the seconds that BIERL_TEST_SLEEP says."""
    time.sleep(float(os.environ.get("BIERL_TEST_SLEEP", "0")))
    return -float(np.square(x - 1.0).sum())


def failing(x: F32) -> float:
    """A parabola until the file that BIERL_TEST_FAIL names is there."""
    if Path(os.environ["BIERL_TEST_FAIL"]).exists():
        raise ArithmeticError("out of luck")
    return -float(np.square(x - 1.0).sum())


def narrow(x: F32) -> float:
    """A parabola with a value within 3 of the origin alone."""
    return -float(np.square(x - 1.0).sum()) if float(np.abs(x).max()) < 3.0 else float("nan")


def nowhere(x: F32) -> float:
    """Has no value anywhere."""
    return float("nan")


def hollow(x: F32) -> float:
    """Has a value for what is tried, and none for the centre, which hardly moves."""
    return float(x[0]) if float(np.abs(x).max()) > 1e-3 else float("nan")


def dying(x: F32) -> float:
    """Ends its process after the first generations, as the system does when memory runs out."""
    if float(np.abs(x - 1.0).max()) < 0.99:
        os.kill(os.getpid(), 9)
    return -float(np.square(x - 1.0).sum())
