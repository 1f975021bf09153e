"""The slow twin of csrc/bierl/core/replay.hpp: a list that forgets its head, batches drawn by address."""

from __future__ import annotations

from collections import deque

import numpy as np
from reference.noise import block_words

from bierl_fast.messages import F32, NoiseKey

PURPOSE_REPLAY = 3
LEARNER = 2**32 - 1  # the draw whose first word seeds a learner


def word(key: NoiseKey, draw: int, element: int) -> int:
    """One uniform 64-bit number by address, as a Python integer."""
    low, high, _, _ = block_words(key, draw, np.array([element], np.uint64), PURPOSE_REPLAY)
    return (int(high[0]) << 32) | int(low[0])


def learner_seed(key: NoiseKey) -> int:
    """Of the learner's own generator."""
    return word(key, LEARNER, 0)


class ReplayBuffer:
    """The last `capacity` transitions, each a row of numbers."""

    def __init__(self, capacity: int) -> None:
        self.rows: deque[F32] = deque(maxlen=capacity)

    def append(self, transitions_tw: F32) -> None:
        """Oldest first; those in memory make room one by one."""
        for row in transitions_tw:
            self.rows.append(row.copy())

    def records(self, width: int) -> F32:
        """(size, W), oldest first."""
        return np.array(self.rows, np.float32).reshape(len(self.rows), width)

    def sample(self, key: NoiseKey, draw: int, count: int) -> F32:
        """(count, W): with replacement, position floor(word * size / 2**64)."""
        size = len(self.rows)
        return np.stack([self.rows[word(key, draw, element) * size >> 64] for element in range(count)])
