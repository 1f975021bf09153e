"""Observation normalisation: running moments over inner-level steps, frozen within a generation."""

from __future__ import annotations

import numpy as np

from bierl_fast._native import core
from bierl_fast.archive import Archive
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F64, Arrays, Moments

VARIED = 1e-8  # standard deviation up to which a number of an observation has not
NAMES = ("obs_count", "obs_mean", "obs_m2")  # in files


class ObservationStatistics:
    """Count, mean and sum of squared differences of every observation (O,) seen by inner-level episodes.

    Rows are merged in row order, so the result does not depend on which thread finished first.
    Source: ARS V2 (Mania et al. 2018); Chan, Golub & LeVeque 1983 for the merge.
    """

    def __init__(self, size: int) -> None:
        self._count = np.zeros(1)
        self._mean = np.zeros(size)
        self._m2 = np.zeros(size)

    @property
    def count(self) -> float:
        """Observations seen."""
        return float(self._count[0])

    @property
    def seen(self) -> bool:
        """Whether there were any."""
        return bool(self._count.any())

    @property
    def mean(self) -> F64:
        """(O,), a copy."""
        return self._mean.copy()

    @property
    def std(self) -> F64:
        """(O,) standard deviation (ddof 0); ones before the first observation."""
        return np.sqrt(self._m2 / self.count) if self.count else np.ones_like(self._m2)

    @property
    def inverse_std(self) -> F64:
        """(O,) what a difference from the mean is multiplied by; 0 for a number that has not varied."""
        std = self.std
        return np.divide(1.0, std, out=np.zeros_like(std), where=std > VARIED)

    def merge(self, moments: Moments) -> None:
        """Take in the rows of one batch, in row order."""
        core.merge_moments(self._count, self._mean, self._m2, moments.count_r, moments.mean_ro, moments.m2_ro)

    def normalizer(self) -> core.Normalizer:
        """The frozen statistics in the form the compiled policy reads."""
        return core.Normalizer.from_moments(self.count, self._mean, self._m2)

    def state(self) -> Arrays:
        """Copies of all three."""
        return dict(zip(NAMES, (self._count.copy(), self._mean.copy(), self._m2.copy()), strict=True))

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when an array is none that `state` gives."""
        own = self.state()
        if not set(own) <= set(arrays):
            raise ArgumentError(f"observation statistics must be {sorted(own)}, got {sorted(arrays)}")
        size = arrays["obs_mean"].size
        if size != self._mean.size:
            raise ArgumentError(f"observation statistics are for size {size}, expected {self._mean.size}")
        for name, array in own.items():
            if arrays[name].shape != array.shape or arrays[name].dtype.newbyteorder("=") != array.dtype:
                raise ArgumentError(
                    f"{name} must be float64 of shape {array.shape}, "
                    f"got {arrays[name].dtype} of shape {arrays[name].shape}"
                )
        count, mean, m2 = (np.array(arrays[name], np.float64) for name in NAMES)
        _require(count, mean, m2)
        self._count, self._mean, self._m2 = count, mean, m2

    @classmethod
    def saved(cls, archive: Archive, size: int) -> ObservationStatistics:
        """Those in a policy's file; ArgumentError unless they are for observations of this size."""
        shapes = ((1,), (size,), (size,))
        found = {name: archive.read(name, np.float64, shape) for name, shape in zip(NAMES, shapes, strict=True)}
        statistics = cls(size)
        statistics.load(found)
        return statistics

    def copy(self) -> ObservationStatistics:
        """An independent copy."""
        other = ObservationStatistics(self._mean.size)
        other._count, other._mean, other._m2 = self._count.copy(), self._mean.copy(), self._m2.copy()
        return other


def _require(count: F64, mean: F64, m2: F64) -> None:
    """ArgumentError for what no run comes to."""
    if not (np.isfinite(count).all() and (count >= 0.0).all() and (count == np.floor(count)).all()):
        raise ArgumentError(f"obs_count must be a whole number of at least 0, got {count.item()}")
    if not np.isfinite(mean).all():
        raise ArgumentError(f"obs_mean must be finite; {int((~np.isfinite(mean)).sum())} of {mean.size} are not")
    wrong = int((~(np.isfinite(m2) & (m2 >= 0.0))).sum())
    if wrong:
        raise ArgumentError(f"obs_m2 must be finite and at least 0; {wrong} of {m2.size} are not")
