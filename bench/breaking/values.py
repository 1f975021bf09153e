"""Wrong values, and some that are right: what people give by mistake, edges of numbers, objects of another kind."""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np


class Unprintable:
    """What has no repr."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Few(IntEnum):
    """A number with a name."""

    ONE = 1


class OwnText(str):
    """Text, of a class of its own."""


PLAIN: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 7, 64, 2**31, 2**53, 2**64, 10**400, -(2**70), 10**5000, -(10**5000),
    Unprintable(), OwnText("es"), Few.ONE, Fraction(1, 3), Decimal("0.1"), float, Unprintable,
    bytearray(3), memoryview(b"ab"), iter([1]), [10**5000], {"a": 10**5000}, (float("nan"),), {"sigma": Unprintable()},
    0.0, 0.5, 1.0, -0.1, 2.5, 1e-310, 1e-60, 1e38, 1e300, sys.float_info.max, float("inf"), float("-inf"), float("nan"),
    "", "a", "3M", "1e6", "64x64", "0.1,1", "none", "log", "x" * 3000, "a\nb", "\x00", "\ud800", "../..", "math:sin",
    b"bytes", [], [1], (1, 2), [None], {"a"}, {}, {"a": 1}, {1: 2}, {"a": {"b": [1, None]}}, [[[[]]]],
    object, object(), len, lambda: 0, Path("nowhere"), 1j, range(3), Ellipsis, NotImplemented, ValueError("x"),
]  # fmt: skip
ARRAYS: list[Any] = [
    np.float32(0.5), np.float64("nan"), np.int64(3), np.array(0.5), np.zeros(3), np.zeros(0), np.zeros((2, 2)),
    np.ones(3, np.float32), np.array(["a"]), np.array([1, 2]), np.array([np.nan]), np.arange(4)[::2], np.array([None]),
]  # fmt: skip
WORDS = [
    "Hopper-v5", "Hopper-v4", "hopper", "quadratic", "ackley", "LunarLander-v3", "es", "ars", "pgpe", "snes", "nsr",
    "esac", "cmaes", "none", "lstm", "csa", "pbt", "direct", "adam", "clipup", "raw", "standardized", "pair",
]  # fmt: skip


def any_value(chance: random.Random, others: list[Any]) -> Any:
    """One of all, or of `others`: objects of the package."""
    return chance.choice(chance.choices([PLAIN, ARRAYS, WORDS, others or WORDS], [6, 2, 2, 2])[0])


def told(value: Any) -> str:
    """A value in the list of what was called."""
    try:
        text = repr(value)
    except Exception:
        text = type(value).__name__
    return text if len(text) < 60 else text[:57] + "..."
