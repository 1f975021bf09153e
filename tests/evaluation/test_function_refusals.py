"""Function tasks: what a function may return, and the tasks and options that are refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import pytest
from evaluation.compiled import compiled_hill
from helpers import functions
from helpers.populations import population

import bierl_fast as bf
from bierl_fast.messages import F32

ZERO = np.zeros(6, np.float32)


@pytest.mark.parametrize(
    "value", [2, 2.5, np.float32(0.5), np.int64(3), np.array(1.5), np.array(2), Decimal("0.5"), Fraction(1, 4)]
)
def test_numbers_are_taken(value: Any) -> None:
    batch = bf.make_evaluator(lambda x: value, dim=6).evaluate(population(ZERO, 2))
    assert batch.returns_r.tolist() == [float(value)] * 2


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (None, "NoneType"),
        ("1.0", "str"),
        (True, "bool"),
        (np.bool_(True), "bool"),
        (1j, "complex"),
        ([1.0], "list"),
        (np.zeros(1), r"an array of shape \(1,\)"),
        (np.zeros(6, np.float32), r"an array of shape \(6,\)"),
    ],
)
def test_what_is_no_number_is_a_clear_error(value: Any, came: str) -> None:
    message = rf"must return one number for a vector \(6,\), got {came}.* in row 0; .* needs vectorized=True"
    with pytest.raises(TypeError, match=message):
        bf.make_evaluator(lambda x: value, dim=6).evaluate(population(ZERO, 2))


@pytest.mark.parametrize(
    ("value", "error", "came"),
    [
        (np.zeros((4, 1)), ValueError, r"shape \(4, 1\)"),
        (np.zeros(3), ValueError, r"shape \(3,\)"),
        (np.float64(1.0), TypeError, "float64"),
        ([0.0] * 4, TypeError, "list"),
        (np.zeros(4, np.complex128), TypeError, "dtype complex128"),
        (np.zeros(4, np.bool_), TypeError, "dtype bool"),
        (np.array(["a"] * 4), TypeError, "dtype <U1"),
    ],
)
def test_what_is_no_block_of_numbers_is_a_clear_error(value: Any, error: type[Exception], came: str) -> None:
    message = rf"must return an array of numbers of shape \(4,\) for a block \(4, 6\), got {came}"
    with pytest.raises(error, match=message):
        bf.make_evaluator(lambda block: value, dim=6, vectorized=True).evaluate(population(ZERO, 4))


def test_another_number_of_parameters_is_refused() -> None:
    for task in (functions.hill, compiled_hill, "quadratic"):
        evaluator = bf.make_evaluator(task, dim=7)
        with pytest.raises(ValueError, match=r"base_bp must be \(B, 7\) for .*, got \(1, 6\)"):
            evaluator.evaluate(population(ZERO, 4))


def test_a_compiled_function_of_another_signature_is_refused() -> None:
    for signature in (
        "float64(CPointer(float64), int64)",
        "float32(CPointer(float32), int64)",
        "float64(CPointer(float32), int32)",
        "float64(float32, int64)",
    ):
        wrong = numba.cfunc(signature)(lambda x, count: 0.0)
        with pytest.raises(ValueError, match=r"must have the signature float64\(CPointer\(float32\), int64\).* has \("):
            bf.make_evaluator(wrong, dim=6)

    class Bare:
        address = 1234

        def __call__(self, x: F32) -> float:
            return 0.0

    with pytest.raises(ValueError, match=r"evaluation.test_function.* has none that can be read"):
        bf.make_evaluator(Bare(), dim=6)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("quadratic", {}, "'quadratic' is a test function and needs dim"),
        ("quadratik", {"dim": 3}, "no function named 'quadratik'; did you mean 'quadratic'. known: .*"),
        ("Hopper-v5", {"dim": 3}, "no function named 'Hopper-v5'.* an environment takes none"),
        (functions.hill, {}, "a function whose value is to be maximised needs dim"),
        (functions.hill, {"dim": 3, "obs_norm": False}, "no policy network and no episodes: leave out obs_norm, got F"),
        (functions.hill, {"dim": 3, "hidden": [8]}, r"leave out hidden, got \(8,\)"),
        (functions.hill, {"dim": 3, "episode_cap": 10}, "leave out episode_cap, got 10"),
        (functions.hill, {"dim": 3, "threads": 0}, r"threads must be an integer in \[1, 1024\], got 0"),
        ("Hopper-v5", {"vectorized": True}, "vectorized and initial are for functions, which need dim"),
        (
            "quadratic",
            {"dim": 3, "vectorized": True},
            "vectorized is for Python functions; a native function takes one",
        ),
        (compiled_hill, {"dim": 3, "vectorized": True}, "a compiled function takes one vector"),
        (compiled_hill, {"dim": 3, "task_kwargs": {"a": 1}}, "takes no keyword arguments, got task_kwargs {'a': 1}"),
        ("helpers.functions:hull", {"dim": 3}, "cannot import the task 'helpers.functions:hull': AttributeError"),
        ("evaluation.absent:hill", {"dim": 3}, "No module named 'evaluation.absent'; is its folder on PYTHONPATH?"),
        ("helpers.functions:NO_FUNCTION", {"dim": 3}, "must be a function, got int"),
        ("helpers.functions:", {"dim": 3}, "cannot import the task 'helpers.functions:'"),
        (":hill", {"dim": 3}, "cannot import the task ':hill'"),
        ("<m:f>", {"dim": 3}, "the task was the Python function <m:f>, which cannot be imported"),
    ],
)
def test_what_is_refused(task: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bf.make_evaluator(task, **options)
