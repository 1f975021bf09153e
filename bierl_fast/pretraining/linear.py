"""The `linear` generator in a training: evaluated in one order on every CPU, and started at a rule.

    weights (M, P_meta), windows (M, H, F) -> raw (M, outputs)          sums one after the other, in double precision
    a Rule, names of signals, quantiles    -> Rule.weights -> (P_meta,) weights that act by that rule

torch sums as its CPU's vectors are long, so a training by it ends elsewhere on another CPU; see encoder.LinearEncoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Rule:
    """Moves sigma by the drop and the learning rate by the riders along the last step, as meta/two_point.py does.

    Near where nothing should move; further off sigma falls faster.

    Attributes:
        kept: share of an average that a generation keeps of the one before.
        rate: of ln(learning rate) for what the riders said.
        wanted: the drop at which sigma stays.
        annealing: of both, of ln(value) in a generation for the signal `age`, which is about 1 after 150.
    """

    kept: float = 1.0 - SHARE
    rate: float = DAMPING
    wanted: float = WANTED_DROP
    annealing: float = 0.0

    def weights(self, signals: Sequence[str], quantiles: int, adapted: Sequence[str], max_move: float) -> F32:
        """(P_meta,) weights with which a `linear` generator acts by it.

        Args:
            signals: of its window, "tpa" and "drop" among them, "age" where it anneals.
            quantiles: likewise.
            adapted: names of its outputs, "sigma" and "learning_rate".
            max_move: the factor that an output of 1 and more comes near to.

        Raises:
            ArgumentError: the window lacks what it reads.
        """
        reads = {"tpa", "drop", *(["age"] if self.annealing else [])}
        if missing := reads - set(signals):
            raise ArgumentError(f"a generator of this rule reads {' and '.join(sorted(missing))}", ["signals"])
        first = quantiles + OF_THE_CENTER + len(adapted)
        features = first + len(signals) + 2
        at = {name: features + first + index for index, name in enumerate(signals)}  # its average
        head = np.zeros((len(adapted), 2 * features))
        head[adapted.index("sigma"), at["drop"]] = -DAMPING
        head[adapted.index("sigma"), features - 1] = DAMPING * self.wanted  # whether the latest row is filled
        head[adapted.index("learning_rate"), at["tpa"]] = self.rate
        if self.annealing:
            head[:, at["age"]] = -self.annealing
        kept = HALF - math.log(self.kept / (1.0 - self.kept))
        flat = np.concatenate([[kept], head.ravel() / math.log(max_move), np.zeros(len(adapted))])
        return np.asarray(flat, np.float32)


TWO_POINT = Rule()
# Found by changing one number of TWO_POINT at a time on 48 problems of the training, and mixtures on 60 others, where
# it gained 0.70 of what there was to gain (TWO_POINT 0.57, fixed values 0.29) and was the better one on 68 %.
CALM = Rule(kept=0.51, rate=0.35, wanted=0.28, annealing=0.04)


def searched(
    signals: Sequence[str], quantiles: int, adapted: Sequence[str], max_move: float
) -> tuple[NDArray[np.intp], F32]:
    """Which weights a training moves on long runs (K,), and by how much at a time (K,); the others stay.

    How long the averages last; for each output a constant, and what the averages of SEARCHED weigh. The noise of what
    is learned from a few runs grows with the number of weights, and one that moves too little for its runs to differ
    teaches nothing: in a probe of 48 problems, numbers of the rule changed by about so much told.
    """
    first = quantiles + OF_THE_CENTER + len(adapted)
    features = first + len(signals) + 2
    head = np.zeros((len(adapted), 2 * features))
    head[:, features - 1] = CONSTANT  # whether the latest row is filled
    for name in SEARCHED.keys() & set(signals):
        head[:, features + first + list(signals).index(name)] = SEARCHED[name]
    spread = np.concatenate([[MEMORY], head.ravel() / math.log(max_move), np.zeros(len(adapted))])
    moved = np.flatnonzero(spread)
    return moved, spread[moved].astype(np.float32)
