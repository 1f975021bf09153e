"""The `linear` generator in a training: evaluated in one order on every CPU, and started at a rule.

    weights (M, P_meta), windows (M, H, F) -> raw (M, outputs)          sums one after the other, in double precision
    names of signals, quantiles            -> at_two_point -> (P_meta,) weights that act as meta `tpa` does, nearly

torch sums as its CPU's vectors are long, so a training by it ends elsewhere on another CPU; see encoder.LinearEncoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, F64
from bierl_fast.meta.signals import SHARE
from bierl_fast.meta.two_point import DAMPING, WANTED_DROP

OF_THE_CENTER = 4  # features between the quantiles and the ranges' positions; see csrc/bierl/core/fitness_buffer.hpp
HALF = 0.5  # of LinearEncoder: the share kept is 1 / (1 + exp(weight - 1/2))

MEMORY = 0.5  # of the weight that says how long averages last
CONSTANT = 0.03  # of a move of ln(value) in a generation, as are those of signals
SEARCHED = {"tpa": 0.15, "drop": 0.15, "age": 0.05, "candidates": 0.05}


def raw(weights_mp: F32, windows_mhf: F32, outputs: int) -> F64:
    """(M, outputs) as Generator.raw of a `linear` one gives for each row of weights its own window."""
    count, _, features = windows_mhf.shape
    weights, windows = weights_mp.astype(np.float64), windows_mhf.astype(np.float64)
    kept_m = np.array([np.float32(1.0 / (1.0 + math.exp(weight - HALF))) for weight in weights[:, 0]], np.float64)
    total_mf, share_m, shares_m = np.zeros((count, features)), np.ones(count), np.zeros(count)
    for h in range(windows.shape[1] - 1, -1, -1):  # the latest first
        filled_m = share_m * windows[:, h, -1]
        total_mf += filled_m[:, None] * windows[:, h]
        shares_m += filled_m
        share_m = share_m * kept_m
    faded_mf = total_mf / np.where(shares_m > 0.0, shares_m, 1.0)[:, None]
    code_mc = np.concatenate([windows[:, -1], faded_mf], axis=1)
    head = weights[:, 1 : 1 + 2 * features * outputs].reshape(count, outputs, 2 * features)
    found_mk = weights[:, 1 + 2 * features * outputs :].copy()
    for c in range(2 * features):
        found_mk += head[:, :, c] * code_mc[:, c, None]
    return found_mk


def at_two_point(signals: Sequence[str], quantiles: int, adapted: Sequence[str], max_move: float) -> F32:
    """(P_meta,) weights with which it moves sigma by the drop and the learning rate by the riders along the last step.

    The rules of meta/two_point.py without the rate's band, which a linear generator cannot have; sigma's move is not
    cut.

    Args:
        signals: of its window, "tpa" and "drop" among them.
        quantiles: likewise.
        adapted: names of its outputs, "sigma" and "learning_rate".
        max_move: the factor that an output of 1 and more comes near to.

    Raises:
        ArgumentError: the window lacks one of the two.
    """
    if missing := {"tpa", "drop"} - set(signals):
        raise ArgumentError(f"a generator that starts as `tpa` reads {' and '.join(sorted(missing))}", ["signals"])
    head, filled, faded = _head(signals, quantiles, adapted)
    unit = math.log(max_move)
    head[adapted.index("sigma"), faded["drop"]] = -DAMPING / unit
    head[adapted.index("sigma"), filled] = DAMPING * WANTED_DROP / unit
    head[adapted.index("learning_rate"), faded["tpa"]] = DAMPING / unit
    kept = HALF - math.log((1.0 - SHARE) / SHARE)
    return np.concatenate([[kept], head.ravel(), np.zeros(len(adapted))]).astype(np.float32)


def searched(
    signals: Sequence[str], quantiles: int, adapted: Sequence[str], max_move: float
) -> tuple[NDArray[np.intp], F32]:
    """Which weights a training moves on long runs (K,), and by how much at a time (K,); the others stay.

    How long the averages last; for each output a constant, and what the averages of SEARCHED weigh. The noise of what
    is learned from a few runs grows with the number of weights, and one that moves too little for its runs to differ
    teaches nothing: in a probe of 48 problems, numbers of the rule changed by about so much told.
    """
    head, filled, faded = _head(signals, quantiles, adapted)
    head[:, filled] = CONSTANT
    for name in SEARCHED.keys() & faded.keys():
        head[:, faded[name]] = SEARCHED[name]
    spread = np.concatenate([[MEMORY], head.ravel() / math.log(max_move), np.zeros(len(adapted))])
    moved = np.flatnonzero(spread)
    return moved, spread[moved].astype(np.float32)


def _head(signals: Sequence[str], quantiles: int, adapted: Sequence[str]) -> tuple[F64, int, dict[str, int]]:
    """(outputs, 2 F) zeros for the head's weights, its column of whether the latest row is filled, of each average."""
    first = quantiles + OF_THE_CENTER + len(adapted)
    features = first + len(signals) + 2
    faded = {name: features + first + place for place, name in enumerate(signals)}
    return np.zeros((len(adapted), 2 * features)), features - 1, faded
