"""The slow twin of csrc/bierl/core/knn.hpp: every distance, sorted."""

from __future__ import annotations

import numpy as np

from bierl_fast.messages import F64


def mean_distance(queries_qd: F64, archive_nd: F64, k: int) -> F64:
    if not archive_nd.shape[0]:
        return np.zeros(queries_qd.shape[0])
    difference_qnd = queries_qd[:, None, :] - archive_nd[None, :, :]
    distance_qn = np.sqrt((difference_qnd**2).sum(axis=2))
    mean_q: F64 = np.sort(distance_qn, axis=1)[:, :k].mean(axis=1)
    return mean_q
