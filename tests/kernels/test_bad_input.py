"""What a kernel is given is never converted: another dtype, shape, stride or read-only memory is one clear error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.populations import population
from helpers.subprocesses import run

from bierl_fast import kernels
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, ArgumentTypeError
from bierl_fast.messages import NoiseKey, Population

KEY = NoiseKey(0, 0)
N = 8

Call = Callable[..., Any]


def f32() -> Any:
    return np.zeros(N, np.float32)


def f64() -> Any:
    return np.arange(float(N))


def buffer() -> Any:
    return core.FitnessBuffer(2, 3, 1)


def shaping(name: str) -> tuple[Call, dict[str, Any]]:
    more = {"top": 2} if name == "standardized_weights" else {}
    return getattr(core, name), {"fitness": f64(), "failed": np.zeros(N, np.bool_), **more, "out": f32()}


def shape() -> Any:
    return core.PolicyShape(
        sizes=[N, 2], activation="tanh", low=[-1.0] * 2, high=[1.0] * 2, squash="clip", noise="none", log_std=0.0
    )


def function() -> Any:
    return core.TestFunction("quadratic", N)


def rollout() -> Any:
    return core.FunctionRollout(function(), 0.0, 1)


def rows() -> Population:
    return population(np.zeros(N, np.float32), 2)


def block() -> Any:
    return np.zeros((2, N), np.float32)


def kernel(name: str) -> tuple[Call, dict[str, Any]]:
    """A kernel as the module binds it, with good arguments by name, made anew."""
    module = core
    if name.endswith(("utilities", "weights")):
        return shaping(name)
    perturbed = {"theta": f32(), "sigma": 0.1, "key": KEY, "row": 0, "sign": 1, "scale": f32(), "out": f32()}
    summed = {"key": KEY, "rows": np.arange(3, dtype=np.uint32), "weights": np.ones(3, np.float32), "out": f32()}
    merged = {"count": np.zeros(1), "mean": f64(), "m2": f64(), "count_r": np.ones(2)}
    merged |= {"mean_ro": np.zeros((2, N)), "m2_ro": np.zeros((2, N))}
    acting = {"normalizer": module.Normalizer(), "parameters": np.zeros(2 * N + 2, np.float32), "observation": f64()}
    pushed = {"returns": f64(), "failed": np.zeros(N, np.bool_), "center": 0.0, "hyperparameters": np.zeros(1)}
    saved = {"window": np.zeros((2, 10), np.float32), "filled": 1, "last_mean": 0.0, "last_center": 0.0}
    table: dict[str, tuple[Call, dict[str, Any]]] = {
        "normals": (module.normals, {"key": KEY, "row": 0, "out": f32()}),
        "perturb": (module.perturb, perturbed),
        "gradient": (module.gradient, summed),
        "scale_gradient": (module.scale_gradient, summed),
        "merge_moments": (module.merge_moments, merged),
        "FitnessBuffer.push": (buffer().push, pushed),
        "FitnessBuffer.restore": (buffer().restore, saved),
        "Normalizer.from_moments": (module.Normalizer.from_moments, {"count": 1.0, "mean": f64(), "m2": f64()}),
        "population_parameters": (module.population_parameters, {"population": rows(), "first": 0, "out": block()}),
        "TestFunction.place": (function().place, {"x": f32(), "out": f64()}),
        "FunctionRollout.evaluate": (rollout().evaluate, {"population": rows(), "out": np.zeros(2)}),
        "PolicyShape.act": (shape().act, {**acting, "action": np.zeros(2, np.float32)}),
    }
    return table[name]


# Every array argument of every kernel: with the arguments that are written to, and those whose length is free.
ARRAYS = {
    "normals": ["out"],
    "perturb": ["theta", "scale", "out"],
    "gradient": ["rows", "weights", "out"],
    "scale_gradient": ["rows", "weights", "out"],
    "log_rank_utilities": ["fitness", "failed", "out"],
    "centered_rank_utilities": ["fitness", "failed", "out"],
    "raw_weights": ["fitness", "failed", "out"],
    "standardized_weights": ["fitness", "failed", "out"],
    "merge_moments": ["count", "mean", "m2", "count_r", "mean_ro", "m2_ro"],
    "FitnessBuffer.push": ["returns", "failed", "hyperparameters"],
    "FitnessBuffer.restore": ["window"],
    "Normalizer.from_moments": ["mean", "m2"],
    "population_parameters": ["out"],
    "TestFunction.place": ["x", "out"],
    "FunctionRollout.evaluate": ["out"],
    "PolicyShape.act": ["parameters", "observation", "action"],
}
PAIRS = [(name, argument) for name, arguments in ARRAYS.items() for argument in arguments]
WRITTEN = {"out", "action"}
MERGED_INTO = {"count", "mean", "m2"}
# The first array of a kernel sets the length that the others are held to, and outputs of free length take any.
FREE = {("normals", "out"), ("gradient", "out"), ("scale_gradient", "out")}


@pytest.mark.parametrize("name", ARRAYS)
def test_good_arguments_pass(name: str) -> None:
    call, arguments = kernel(name)
    assert {k for k, v in arguments.items() if isinstance(v, np.ndarray)} == set(ARRAYS[name])
    call(**arguments)


@pytest.mark.parametrize(("name", "argument"), PAIRS)
def test_another_dtype(name: str, argument: str) -> None:
    for wrong in (np.float16, np.int64, np.complex64, object, ">f4", ">f8"):
        call, arguments = kernel(name)
        arguments[argument] = arguments[argument].astype(wrong)
        with pytest.raises(TypeError, match=rf"^{argument} must be a C-contiguous \w+ array .*, got dtype .*convert"):
            call(**arguments)


@pytest.mark.parametrize(("name", "argument"), PAIRS)
def test_no_array(name: str, argument: str) -> None:
    for make in (lambda array: array.tolist(), memoryview, lambda array: 1.0):
        call, arguments = kernel(name)
        arguments[argument] = make(arguments[argument])
        with pytest.raises(TypeError, match=f"^{argument} must be a numpy array, got (list|memoryview|float)"):
            call(**arguments)


@pytest.mark.parametrize(("name", "argument"), PAIRS)
def test_another_number_of_dimensions(name: str, argument: str) -> None:
    call, arguments = kernel(name)
    for wrong in (arguments[argument][None], arguments[argument].reshape(-1)[:1].reshape(())):
        call, arguments = kernel(name)
        arguments[argument] = wrong
        with pytest.raises(ValueError, match=rf"^{argument} must be a C-contiguous .* of shape .*, got shape \("):
            call(**arguments)


@pytest.mark.parametrize(("name", "argument"), [pair for pair in PAIRS if pair not in FREE])
@pytest.mark.parametrize("change", [-1, 1])
def test_another_length(name: str, argument: str, change: int) -> None:
    """Too short or too long; which of two unequal arrays is named depends on which one sets the length."""
    call, arguments = kernel(name)
    array = arguments[argument]
    arguments[argument] = np.zeros((*array.shape[:-1], array.shape[-1] + change), array.dtype)
    with pytest.raises(ValueError, match=rf"({'|'.join(ARRAYS[name])}) (must be a C-contig|has \d+ elements)"):
        call(**arguments)


@pytest.mark.parametrize(("name", "argument"), PAIRS)
def test_other_strides(name: str, argument: str) -> None:
    call, arguments = kernel(name)
    array = arguments[argument]
    if array.size == 1:  # one element has no stride
        call(**arguments)
        return
    arguments[argument] = np.repeat(array, 2, axis=-1)[..., ::2]
    with pytest.raises(ValueError, match=rf"^{argument} must be .* other strides; pass np.ascontiguousarray"):
        call(**arguments)
    if array.ndim == 2:
        arguments[argument] = np.asfortranarray(array)
        with pytest.raises(ValueError, match=rf"^{argument} must be .* other strides"):
            call(**arguments)


@pytest.mark.parametrize(("name", "argument"), PAIRS)
def test_read_only(name: str, argument: str) -> None:
    """An output is refused; an input is only read, and passes."""
    call, arguments = kernel(name)
    arguments[argument].flags.writeable = False
    if argument in WRITTEN or (name == "merge_moments" and argument in MERGED_INTO):
        with pytest.raises(ValueError, match=rf"^{argument} must be .* that can be written to, got a read-only one"):
            call(**arguments)
    else:
        call(**arguments)


@pytest.mark.parametrize("name", ["normals", "perturb", "gradient", "scale_gradient"])
def test_no_key(name: str) -> None:
    for wrong in (None, 3, (1, 2, 3)):
        call, arguments = kernel(name)
        arguments["key"] = wrong
        with pytest.raises(TypeError, match=r"^key must be a bierl_fast.NoiseKey, got (NoneType|int|tuple)"):
            call(**arguments)


@pytest.mark.parametrize("name", ["normals", "perturb"])
def test_rows_outside_32_bits(name: str) -> None:
    for wrong, kind in (
        (-1, ArgumentError),
        (2**32, ArgumentError),
        (10**5000, ArgumentError),
        (1.5, ArgumentTypeError),
    ):
        call, arguments = kernel(name)
        arguments["row"] = wrong
        with pytest.raises(
            kind, match=r"^row must be an integer in \[0, 4294967295\], got (-1|4294967296|one of|float)"
        ):
            call(**arguments)


@pytest.mark.parametrize(("field", "value"), [("run_seed", -1), ("run_seed", 2**64), ("generation", 2**32)])
def test_keys_outside_their_range(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"{field} must be in \[0, 2\*\*(32|64)\), got {value}"):
        replace(NoiseKey(0, 0), **{field: value})  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("threads", [0, -1])
def test_pools_without_threads(threads: int) -> None:
    with pytest.raises(ValueError, match=rf"threads must be an integer in \[1, \d+\], got {threads}"):
        kernels.ThreadPool(threads)


SHAPINGS: dict[str, Call] = {
    "log_rank": kernels.log_rank_utilities,
    "centered_rank": kernels.centered_rank_utilities,
    "raw": kernels.raw_weights,
    "standardized": lambda fitness: kernels.standardized_weights(fitness, top=1),
}


@pytest.mark.parametrize("name", SHAPINGS)
def test_public_shapings_convert_nothing(name: str) -> None:
    with pytest.raises(TypeError, match=r"^fitness must be a numpy array, got list"):
        SHAPINGS[name]([1.0, 2.0])
    with pytest.raises(TypeError, match=r"^fitness must be .* got dtype float32"):
        SHAPINGS[name](f32())
    with pytest.raises(ValueError, match=r"^fitness must be .* got shape \(2, 2\)"):
        SHAPINGS[name](np.zeros((2, 2)))


def test_public_perturb_and_gradient_convert_nothing() -> None:
    with pytest.raises(TypeError, match=r"^theta must be a numpy array, got list"):
        kernels.perturb([1.0, 2.0], 0.1, KEY, 0)  # type: ignore[arg-type]  # what this test is about
    with pytest.raises(TypeError, match=r"^theta must be .* got dtype float64"):
        kernels.perturb(f64(), 0.1, KEY, 0)
    rows, weights = np.arange(3, dtype=np.uint32), np.ones(3, np.float32)
    with pytest.raises(ValueError, match=r"^out must have shape \(9,\), got \(8,\)"):
        kernels.gradient(KEY, rows, weights, 9, out=f32())
    with pytest.raises(TypeError, match=r"^rows must be .* got dtype int64"):
        kernels.gradient(KEY, np.arange(3), weights, 9)  # type: ignore[arg-type]  # what this test is about
    with pytest.raises(ArgumentError, match=r"^count must be an integer in \[0, 17179869183\], got -1"):
        kernels.normals(KEY, 0, -1)


def test_perturb_refuses_other_signs_and_sigmas() -> None:
    theta = np.zeros(4, np.float32)
    for sigma, sign in ((0.1, 7), (float("nan"), 1), (float("inf"), -1)):
        with pytest.raises(ArgumentError, match=r"^(sign must be an integer in \[-1, 1\]|sigma must be finite)"):
            kernels.perturb(theta, sigma, KEY, 0, sign)


@pytest.mark.parametrize(("sigma", "factor"), [(1e39, 1.0), (9e37, 1.0), (-2e30, 1e8), (1.0, np.inf), (0.0, np.nan)])
def test_sigma_and_scale_beyond_single_precision(sigma: float, factor: float) -> None:
    scale = np.array([0.5, factor], np.float32)
    with pytest.raises(ArgumentError, match=r"^sigma( and scale)? must be finite .* single precision"):
        kernels.perturb(np.zeros(2, np.float32), sigma, KEY, 0, scale=scale)
    sigma_r, scale_bp = np.full(2, min(abs(sigma), 3e38), np.float32), np.stack([np.ones(2, np.float32), scale])
    named = replace(population(np.zeros(2, np.float32), 2), base_bp=np.zeros((2, 2), np.float32), scale_bp=scale_bp)
    named = replace(named, sigma_r=sigma_r, base_r=np.array([0, 1], np.int32))
    with pytest.raises(ArgumentError, match=r"^row [01] of the population: sigma and scale must be finite and small"):
        kernels.row_parameters(named, 0)
    kernels.perturb(np.zeros(2, np.float32), 1e30, KEY, 0, scale=np.array([5e7, 0.0], np.float32))


def test_unaligned_memory_is_refused() -> None:
    memory = np.zeros(4 * 10 + 1, np.uint8)
    out = memory[1:].view(np.float32)
    with pytest.raises(ValueError, match="not aligned; pass a copy"):
        kernels.normals(KEY, 0, 10, out=out)


def test_a_key_is_made_of_integers() -> None:
    with pytest.raises(TypeError, match="run_seed must be an integer, got float"):
        NoiseKey(0.5, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="generation must be an integer, got str"):
        NoiseKey(0, "1")  # type: ignore[arg-type]


FORK = """
import os, sys
import numpy as np
import bierl_fast as bf
pool, rows, weights = bf.kernels.ThreadPool(2), np.arange(2, dtype=np.uint32), np.ones(2, np.float32)
child = os.fork()
if child == 0:
    try:
        bf.kernels.gradient(bf.NoiseKey(0, 0), rows, weights, 50_000, pool=pool)
    except ValueError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def test_threads_do_not_survive_a_fork() -> None:
    assert "threads do not survive a fork" in run(FORK).stdout


CROWDED = """
import resource
import bierl_fast as bf
pool = bf.kernels.ThreadPool
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))  # room for a few hundred stacks
try:
    pool(4000)
except ValueError as error:
    print(error)
print(pool(2).threads)
"""


@pytest.mark.address_limit
def test_threads_that_cannot_be_started() -> None:
    done = run(CROWDED)
    assert "could not start 4000 threads, only" in done.stdout, done.stderr
    assert done.stdout.endswith("\n2\n")
