"""Maximise a function of one's own: a task without episodes, one call is one step.

python docs/examples/own_function.py; in this folder also: bierl train own_function:bowl --dim 30 --generations 50
"""

import numpy as np

import bierl_fast as bf

TARGET = np.linspace(-1.0, 1.0, 30, dtype=np.float32)


def bowl(x: np.ndarray) -> float:
    """(P,) float32 -> the value, higher is better."""
    return -float(((x - TARGET) ** 2).sum())


def bowls(block: np.ndarray) -> np.ndarray:
    """(k, P) float32 -> (k,): a block at a time, for `vectorized=True`."""
    values: np.ndarray = -((block - TARGET) ** 2).sum(axis=1)
    return values


def main() -> None:
    """The same search twice, and a third time with strategy snes."""
    config = bf.Config(task=bowl, dim=30, population=32, meta="lstm", sigma=0.05, learning_rate=0.05, total_steps=3_000)
    print("one by one ", bf.train(config).metrics[-1]["mean_return"])
    print("vectorized ", bf.train(config.replace(task=bowls, vectorized=True)).metrics[-1]["mean_return"])
    snes = bf.Config(task=bowls, vectorized=True, dim=30, strategy="snes", meta="none", sigma=0.3, total_steps=3_000)
    result = bf.train(snes)  # raise total_steps to 30_000: the target itself
    print("snes       ", result.metrics[-1]["mean_return"], "first parameters", result.parameters[:3])


if __name__ == "__main__":
    main()
