"""Random calls of every public kernel and native object: each is answered, or refused in one line by an error of ours.

    python bench/breaking/kernels.py --count 5000 --seed 0

A crash, a hang (ALARM seconds for a call) and an error of another class end it with exit code 1, and say which call it
was. Arguments are good ones, one or two of them replaced by something that a person or a program could hand over by
mistake. Every hundredth call is made by three threads at once, on the same objects and arrays.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast.errors import BierlError

ALARM = 60.0  # seconds after which a call counts as hanging
LONG = {"count", "frame_skip"}
TOGETHER = 100  # one call in so many is made by several threads at once
Draw = np.random.Generator
Make = Callable[[Draw], Any]


def numbers(*shape: int, dtype: Any = np.float32) -> Make:
    return lambda draw: draw.normal(size=shape).astype(dtype)


def key(draw: Draw) -> bf.NoiseKey:
    return bf.NoiseKey(int(draw.integers(2**63)), int(draw.integers(100)))


def flags(draw: Draw) -> Any:
    return draw.random(6) < 0.3


def rows(draw: Draw) -> Any:
    return draw.integers(0, 50, 6).astype(np.uint32)


def one_of(*values: Any) -> Make:
    return lambda draw: values[int(draw.integers(len(values)))]


POOL = kernels.ThreadPool(2)
BUFFER = kernels.FitnessBuffer(3, 4, 2)
REPLAY = kernels.ReplayBuffer(2, 1, 20)
ENV = bf.NativeEnv("InvertedPendulum-v5")
EVALUATOR = bf.make_evaluator("InvertedPendulum-v5", hidden=(2,), episode_cap=5, threads=2)
FUNCTION = bf.make_evaluator("ackley", dim=7, threads=2)


def population(size: int) -> Make:
    def make(draw: Draw) -> bf.Population:
        start = draw.normal(size=size).astype(np.float32)
        strategy = bf.make_strategy("es", mean=start, population=4)
        return strategy.ask(bf.Hyperparameters(sigma=0.1), key(draw))

    return make


POOLS = one_of(None, POOL)
SUM = {"key": key, "rows": rows, "weights": numbers(6), "count": one_of(0, 1, 300), "pool": POOLS}
SHAPED = {"fitness_n": numbers(6, dtype=np.float64), "failed_n": flags}
PARTS = {
    "observation": numbers(5, 2),
    "action": numbers(5, 1),
    "reward": numbers(5),
    "next_observation": numbers(5, 2),
    "terminated": numbers(5),
}

# Every public kernel and native object: what is called, and how good arguments are made.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Make]]] = {
    "philox4x32": (kernels.philox4x32, {"counter": one_of((1, 2, 3, 4)), "key": one_of((5, 6))}),
    "uniform": (kernels.uniform, {"key": key, "row": one_of(3), "element": one_of(0, 4)}),
    "normals": (kernels.normals, {"key": key, "row": one_of(0, 7), "count": one_of(0, 70), "out": one_of(None)}),
    "perturb": (
        kernels.perturb,
        {
            "theta": numbers(70),
            "sigma": one_of(0.1, 0.0, 1e30),
            "key": key,
            "row": one_of(2),
            "sign": one_of(-1, 0, 1),
            "scale": numbers(70),
            "out": numbers(70),
        },
    ),
    "gradient": (kernels.gradient, SUM),
    "scale_gradient": (kernels.scale_gradient, SUM),
    "row_parameters": (kernels.row_parameters, {"population": population(7), "row": one_of(0, 3)}),
    "learner_seed": (kernels.learner_seed, {"key": key}),
    "log_rank_utilities": (
        kernels.log_rank_utilities,
        {**SHAPED, "full": one_of(False, True), "best_of_ties": one_of(True, False)},
    ),
    "centered_rank_utilities": (kernels.centered_rank_utilities, SHAPED),
    "raw_weights": (kernels.raw_weights, SHAPED),
    "standardized_weights": (kernels.standardized_weights, {**SHAPED, "top": one_of(1, 3)}),
    "knn_mean_distance": (
        kernels.knn_mean_distance,
        {
            "queries_qd": numbers(5, 3, dtype=np.float64),
            "archive_nd": numbers(20, 3, dtype=np.float64),
            "k": one_of(1, 4, 30),
            "pool": POOLS,
        },
    ),
    "ThreadPool": (kernels.ThreadPool, {"threads": one_of(1, 3)}),
    "FitnessBuffer": (
        kernels.FitnessBuffer,
        {"history": one_of(3), "quantiles": one_of(4), "hyperparameters": one_of(0, 2)},
    ),
    "FitnessBuffer.push": (
        BUFFER.push,
        {
            "returns": numbers(6, dtype=np.float64),
            "failed": flags,
            "center": one_of(0.5, float("nan")),
            "hyperparameters": numbers(2, dtype=np.float64),
        },
    ),
    "FitnessBuffer.window": (BUFFER.window, {}),
    "FitnessBuffer.restore": (
        BUFFER.restore,
        {"window": numbers(3, 12), "filled": one_of(0, 3), "last_mean": one_of(1.0), "last_center": one_of(2.0)},
    ),
    "FitnessBuffer copied": (lambda: copy(BUFFER).window(), {}),
    "ReplayBuffer": (
        kernels.ReplayBuffer,
        {"observations": one_of(2), "actions": one_of(1), "capacity": one_of(20, 2**30)},
    ),
    "ReplayBuffer.append": (REPLAY.append, {"transitions": numbers(8, 7)}),
    "ReplayBuffer.records": (REPLAY.records, {}),
    "ReplayBuffer copied": (lambda: copy(REPLAY).records(), {}),
    "ReplayBuffer.clear": (REPLAY.clear, {}),
    "ReplayBuffer.sample": (REPLAY.sample, {"key": key, "draw": one_of(0, 9), **PARTS}),
    "NativeEnv": (
        bf.NativeEnv,
        {
            "id": one_of("Swimmer-v5"),
            "max_episode_steps": one_of(None, 3),
            "frame_skip": one_of(2),
            "reset_noise_scale": one_of(0.1),
        },
    ),
    "NativeEnv.reset": (ENV.reset, {"seed": one_of(None, 5, 2**64 - 1)}),
    "NativeEnv.step": (ENV.step, {"action": numbers(1)}),
    "evaluate": (EVALUATOR.evaluate, {"population": population(EVALUATOR.policy.initial_parameters().size)}),
    "evaluate a function": (FUNCTION.evaluate, {"population": population(7)}),
}

WRONG: list[Any] = [
    None, True, 0, -1, 1, 2, 2**31, 2**32, 2**63, 2**64, 10**400, -(10**400), 10**5000, 0.5, -0.0, 1e39, -1e39, 1e308,
    float("nan"), float("inf"), 1j, "", "3", "Hopper-v5", "\ud800", b"\x00", (), [], [1.0, 2.0], [[1.0], [1.0, 2.0]],
    {}, {1}, object(), np.float32(2.0), np.int8(-3), np.uint64(2**64 - 1), np.float64("nan"), np.bool_(True),
    np.str_("a"),
    np.datetime64("2020-01-01"), np.zeros(0, np.float32), np.zeros((0, 3)), np.zeros((3, 0), np.float32), np.array(3.0),
    np.array(None), np.ma.masked_array([1.0, 2.0], [True, False]), slice(1, 2), range(3), np.ndarray, len, bf.NoiseKey,
]  # fmt: skip
DTYPES = [
    "?",
    "b",
    "B",
    "h",
    "H",
    "i",
    "I",
    "l",
    "L",
    "e",
    "f",
    "d",
    "g",
    "F",
    "D",
    "S3",
    "U2",
    "O",
    "M8[s]",
    "m8[s]",
    "V4",
]
FIELDS = ("base_bp", "base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r", "scale_bp", "key")


def read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


def unaligned(array: Any) -> Any:
    return np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)


# An array like it in something else: type, byte order, shape, strides, alignment, protection.
SPOIL: list[Callable[[Any, Draw], Any]] = [
    lambda array, draw: array.astype(DTYPES[int(draw.integers(len(DTYPES)))]),
    lambda array, draw: array.astype(array.dtype.newbyteorder()),
    lambda array, draw: np.repeat(array, 2, axis=-1)[..., ::2],
    lambda array, draw: array[..., ::-1],
    lambda array, draw: np.asfortranarray(array.reshape(2, -1)),
    lambda array, draw: array.reshape(-1, 1),
    lambda array, draw: read_only(array),
    lambda array, draw: array[:-1],
    lambda array, draw: np.broadcast_to(array.reshape(-1)[:1], array.shape),
    lambda array, draw: unaligned(array),
    lambda array, draw: array[None],
    lambda array, draw: array.tolist(),
    lambda array, draw: array.view(np.ma.MaskedArray),
]
BAD: dict[str, list[Any]] = {
    "f": [np.nan, np.inf, -np.inf, 0.0, 1e30, -1e30, 1e-40],
    "i": [-(2**31), 2**31 - 1, -1, 99],
}


def spoiled_array(array: Any, draw: Draw) -> Any:
    """The array in another form, or one number of it another."""
    if draw.random() < 0.7:
        return SPOIL[int(draw.integers(len(SPOIL)))](array, draw)
    values = BAD.get(array.dtype.kind, [0, 1])
    array.reshape(-1)[int(draw.integers(array.size))] = values[int(draw.integers(len(values)))]
    return array


def spoiled(value: Any, draw: Draw) -> Any:
    """Something in its place that may be wrong."""
    if isinstance(value, np.ndarray) and draw.random() < 0.8:
        with suppress(TypeError, ValueError, IndexError, OverflowError):  # NumPy has no such array
            return spoiled_array(value, draw)
    if isinstance(value, bf.Population) and draw.random() < 0.9:
        name = FIELDS[int(draw.integers(len(FIELDS)))]
        changed = copy(value)
        object.__setattr__(changed, name, spoiled(getattr(value, name), draw))  # past its constructor, which looks
        return changed
    return WRONG[int(draw.integers(len(WRONG)))]


@dataclass
class Breaker:
    """Random calls, and what became of them."""

    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def call(self, number: int) -> None:
        """The call of that number: a function of the seed and the number alone."""
        draw = np.random.default_rng([self.seed, number])
        name = list(CALLS)[int(draw.integers(len(CALLS)))]
        function, makers = CALLS[name]
        arguments = {argument: make(draw) for argument, make in makers.items()}
        for _ in range(int(draw.integers(0, 3))):
            if arguments:
                chosen = list(arguments)[int(draw.integers(len(arguments)))]
                arguments[chosen] = spoiled(arguments[chosen], draw)
        for argument in LONG & arguments.keys():  # what takes long when it is large, and is right
            value = arguments[argument]
            if isinstance(value, int | np.integer) and 1000 < value < 2**34:
                arguments[argument] = 1000
        faulthandler.dump_traceback_later(ALARM, exit=True)
        if number % TOGETHER:
            self._try(name, number, function, arguments)
        else:
            threads = [threading.Thread(target=self._try, args=(name, number, function, arguments)) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        faulthandler.cancel_dump_traceback_later()

    def _try(self, name: str, number: int, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        try:
            function(**arguments)
        except BierlError as error:
            self.outcomes["refused"] += 1
            if "\n" in str(error) or not str(error):
                self.faults.append(f"call {number}, {name}: not one line: {error!r}")
        except MemoryError:  # the system's
            self.outcomes["no memory"] += 1
        except BaseException as error:
            self.faults.append(f"call {number}, {name}: {type(error).__name__}: {error}")
        else:
            self.outcomes["answered"] += 1


def run(seed: int, count: int, first: int = 0) -> Breaker:
    """So many calls."""
    faulthandler.enable()
    ENV.reset(seed=0)
    breaker = Breaker(seed)
    with np.errstate(all="ignore"):
        for number in range(first, first + count):
            breaker.call(number)
    return breaker


def main() -> int:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="calls")
    parser.add_argument("--seed", type=int, default=0, help="of the calls")
    parser.add_argument("--first", type=int, default=0, help="number of the first call, to repeat one")
    options = parser.parse_args()
    breaker = run(options.seed, options.count, options.first)
    print(f"{options.count} calls of {len(CALLS)} kernels and objects: {dict(breaker.outcomes)}")
    for fault in breaker.faults[:20]:
        print(fault)
    print(f"{len(breaker.faults)} faults")
    return 1 if breaker.faults else 0


if __name__ == "__main__":
    sys.exit(main())
