"""Merging moments: against two passes, and the same bits whatever thread made the rows."""

from __future__ import annotations

import numpy as np
from reference.policy import moments

from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.messages import F64, Moments

O = 5  # noqa: E741 - the shape letter


def rows(seed: int = 0) -> tuple[list[F64], Moments]:
    """Episodes of very different lengths, one of them empty, far from zero in one dimension."""
    rng = np.random.default_rng(seed)
    scale, offset = np.array([1.0, 1e-3, 1e4, 1.0, 0.0]), np.array([0.0, 1.0, 0.0, 1e6, 3.0])
    episodes = [rng.normal(size=(length, O)) * scale + offset for length in (1000, 1, 0, 37, 400)]
    made = [moments(values) if len(values) else (np.zeros(O), np.zeros(O)) for values in episodes]
    return episodes, Moments(
        np.array([float(len(values)) for values in episodes]),
        np.array([mean for mean, _ in made]),
        np.array([m2 for _, m2 in made]),
    )


def test_merge_equals_two_passes_over_everything() -> None:
    episodes, parts = rows()
    merged = ObservationStatistics(O)
    assert merged.std.tolist() == [1.0] * O
    merged.merge(parts)
    mean_o, m2_o = moments(np.concatenate(episodes))
    assert merged.count == 1438
    # About 1438 additions, each rounding to 2**-53 of the largest value; the spread is made of differences, which lose
    # offset / spread (1e6 at most) of their digits.
    np.testing.assert_allclose(merged.mean, mean_o, rtol=1438 * 2**-53, atol=1e4 * 1438 * 2**-53)
    np.testing.assert_allclose(merged.std, np.sqrt(m2_o / 1438), rtol=1e6 * 1438 * 2**-53, atol=1e-12)
    assert merged.std[4] == 0.0


def test_order_is_the_row_order() -> None:
    """Two batches after one another are the same bits as one batch with all rows."""
    _, parts = rows()
    together, apart = ObservationStatistics(O), ObservationStatistics(O)
    together.merge(parts)
    for cut in (slice(0, 2), slice(2, 5)):
        apart.merge(Moments(parts.count_r[cut], parts.mean_ro[cut].copy(), parts.m2_ro[cut].copy()))
    for name, array in together.state().items():
        np.testing.assert_array_equal(array, apart.state()[name])


def test_state_and_copies_are_independent() -> None:
    statistics = ObservationStatistics(O)
    statistics.merge(rows()[1])
    copy, state = statistics.copy(), statistics.state()
    statistics.merge(rows(1)[1])
    assert copy.count == state["obs_count"][0] == 1438
    assert statistics.count == 2 * 1438
    state["obs_mean"][:] = 0
    copy.mean[:] = 0
    assert copy.mean.any()
