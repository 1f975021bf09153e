"""Function tasks: what is called with what, threads, noise, failures, compiled functions."""

from __future__ import annotations

import threading
from typing import Any

import numba
import numpy as np
import pytest
from evaluation.compiled import SIGNATURE, compiled_hill
from helpers import functions
from helpers.populations import assert_same_bits_of_returns, population

import bierl_fast as bf
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import F32, F64, EvaluationBatch, NoiseKey, Population, Stream

ZERO = np.zeros(6, np.float32)


def rows_of(evaluator: Evaluator, people: Population) -> F32:
    return np.stack([evaluator.parameters(people, row) for row in range(people.rows)])


def test_every_kind_of_function_gives_the_same_returns() -> None:
    people = population(ZERO, 50, sigma=0.5)
    one = bf.make_evaluator(functions.hill, dim=6)
    theta_rp = rows_of(one, people)
    expected = -((theta_rp.astype(np.float64) - 1.0) ** 2).sum(axis=1)
    evaluators = [
        one,
        bf.make_evaluator(functions.hills, dim=6, vectorized=True),
        bf.make_evaluator(compiled_hill, dim=6, threads=2),
        bf.make_evaluator("helpers.functions:hill", dim=6),
    ]
    for evaluator in evaluators:
        batch = evaluator.evaluate(people)
        # The Python ones sum in float32: six terms, each rounded to 6e-8.
        np.testing.assert_allclose(batch.returns_r, expected, rtol=1e-6)
        assert batch.lengths_r.tolist() == [1] * 50
        assert batch.lengths_r.dtype == np.int32
        assert not batch.failed_r.any()
        assert batch.key == people.key


def test_a_function_gets_exactly_what_parameters_says() -> None:
    given: list[F32] = []

    def remember(x: F32) -> float:
        given.append(x)
        return 0.0

    people = population(ZERO, 20, scale_bp=np.linspace(0.5, 2.0, 6, dtype=np.float32)[None])
    evaluator = bf.make_evaluator(remember, dim=6, threads=2)
    evaluator.evaluate(people)
    np.testing.assert_array_equal(np.stack(given), rows_of(evaluator, people))
    assert all(x.dtype == np.float32 and x.shape == (6,) for x in given)


@pytest.mark.parametrize("portion", [1, 6, 13, 1000])
def test_blocks_cover_every_row_once(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bierl_fast.evaluation.function.runner.BLOCK", portion * 6)
    sizes: list[int] = []

    def remember(block: F32) -> F64:
        sizes.append(len(block))
        return functions.hills(block)

    people = population(ZERO, 26)
    batch = bf.make_evaluator(remember, dim=6, vectorized=True).evaluate(people)
    assert sum(sizes) == 26
    assert max(sizes) == min(portion, 26)
    assert_same_bits_of_returns(batch, bf.make_evaluator(functions.hills, dim=6, vectorized=True).evaluate(people))
    one_by_one = bf.make_evaluator(functions.hill, dim=6)
    batches = [one_by_one.evaluate(people) for _ in range(2)]
    assert_same_bits_of_returns(*batches)


@pytest.mark.parametrize("rows", [1, 7, 5000])
@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("rastrigin", {"noise": 0.5, "rotation_seed": 2, "shift_radius": 1.0}),
        ("quadratic", {"condition": 1e3, "noise": 2.0}),
        (compiled_hill, {}),
    ],
)
def test_same_bits_at_any_thread_count(task: Any, options: dict[str, Any], rows: int) -> None:
    people = population(np.zeros(40, np.float32), rows)
    first, *others = [
        bf.make_evaluator(task, dim=40, task_kwargs=options, threads=n).evaluate(people) for n in (1, 2, 3)
    ]
    for batch in others:
        assert_same_bits_of_returns(first, batch)


def test_many_parameters_are_made_on_threads_with_the_same_bits() -> None:
    """Enough of them that the making is shared out."""
    people = population(np.zeros(3000, np.float32), 40)
    batches = [bf.make_evaluator(functions.hill, dim=3000, threads=n).evaluate(people) for n in (1, 3)]
    assert_same_bits_of_returns(*batches)


def test_one_evaluator_in_two_threads() -> None:
    evaluator = bf.make_evaluator("ackley", dim=30, threads=2)
    people = population(np.ones(30, np.float32), 4000)
    alone = evaluator.evaluate(people)
    answers: list[EvaluationBatch] = []
    threads = [threading.Thread(target=lambda: answers.append(evaluator.evaluate(people))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    for batch in answers:
        assert_same_bits_of_returns(alone, batch)


def test_noise_has_its_variance_and_is_shared_by_equal_episodes() -> None:
    rows, noise = 20_000, 0.25
    exact = bf.make_evaluator("quadratic", dim=3)
    noisy = bf.make_evaluator("quadratic", dim=3, task_kwargs={"noise": noise})
    people = population(np.ones(3, np.float32), rows, episode_r=np.arange(rows, dtype=np.int32))
    drawn = noisy.evaluate(people).returns_r - exact.evaluate(people).returns_r
    # Within five standard errors: of a mean noise / sqrt(R), of a variance noise^2 sqrt(2 / R).
    assert abs(drawn.mean()) < 5 * noise / np.sqrt(rows)
    assert abs(drawn.var() - noise**2) < 5 * noise**2 * np.sqrt(2 / rows)
    pairs = population(np.ones(3, np.float32), 10)
    difference = noisy.evaluate(pairs).returns_r - exact.evaluate(pairs).returns_r
    # What adding and taking away leaves: returns of about 3, in double precision.
    np.testing.assert_allclose(difference[0::2], difference[1::2], atol=1e-14)
    assert len(np.unique(difference.round(12))) == 5
    for other in (NoiseKey(7, 4), NoiseKey(8, 3), NoiseKey(7, 3, Stream.META)):
        moved = population(np.ones(3, np.float32), 10, sigma=0.0, key=other)
        still = population(np.ones(3, np.float32), 10, sigma=0.0)
        assert not np.intersect1d(noisy.evaluate(moved).returns_r, noisy.evaluate(still).returns_r).size


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_fails_its_row_alone(value: float) -> None:
    def at_row_3(x: F32) -> float:
        return value if x[0] == 3.0 else float(x[0])

    base_bp = np.repeat(np.arange(5, dtype=np.float32)[:, None], 6, axis=1)
    people = population(ZERO, 5, sigma=0.0, base_bp=base_bp, base_r=np.arange(5, dtype=np.int32))
    batch = bf.make_evaluator(at_row_3, dim=6).evaluate(people)
    assert batch.failed_r.tolist() == [False, False, False, True, False]
    np.testing.assert_array_equal(batch.returns_r, [0.0, 1.0, 2.0, np.nan, 4.0])
    assert batch.steps == 5
    assert str(batch.failure).startswith("row 3: ")
    assert str(batch.failure).endswith(f"at_row_3> gave {value}, no finite number")


@pytest.mark.parametrize("vectorized", [False, True])
def test_an_exception_comes_through_with_its_rows(vectorized: bool) -> None:
    def broken(x: F32) -> float:
        raise KeyError("a bug")

    evaluator = bf.make_evaluator(broken, dim=6, vectorized=vectorized)
    with pytest.raises(KeyError, match="a bug") as caught:
        evaluator.evaluate(population(ZERO, 4))
    rows = "rows 0 to 3" if vectorized else "row 0"
    (note,) = caught.value.__notes__
    assert note.startswith(f"raised by <{__name__}:")
    assert f"broken> in {rows} of the population (broken in {__file__}, line " in note


def test_an_interrupt_comes_through_as_it_came() -> None:
    def interrupt(x: F32) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        bf.make_evaluator(interrupt, dim=6).evaluate(population(ZERO, 4))
    assert not hasattr(caught.value, "__notes__")


def test_keyword_arguments_reach_the_function() -> None:
    people = population(ZERO, 4)
    moved = bf.make_evaluator(functions.hill, dim=6, task_kwargs={"top": 2.0}).evaluate(people)
    assert (moved.returns_r < bf.make_evaluator(functions.hill, dim=6).evaluate(people).returns_r).all()


def test_where_the_search_starts() -> None:
    assert not bf.make_evaluator(functions.hill, dim=6).policy.initial_parameters(seed=3).any()
    start = np.arange(6, dtype=np.float32)
    policy = bf.make_evaluator(functions.hill, dim=6, initial=start).policy
    start[0] = 9.0  # a copy was taken
    np.testing.assert_array_equal(policy.initial_parameters(seed=3), np.arange(6))
    native = bf.make_evaluator("quadratic", dim=6).policy
    expected = bf.kernels.normals(NoiseKey(3, 0, Stream.INITIAL), 0, 6)
    np.testing.assert_array_equal(native.initial_parameters(seed=3), expected)
    wrong: Any
    for wrong in (np.zeros(5, np.float32), np.zeros(6)):
        with pytest.raises(ValueError, match=r"initial must be float32 of shape \(6,\), got float"):
            bf.make_evaluator(functions.hill, dim=6, initial=wrong)


def test_a_vector_has_no_actions_and_no_log_std() -> None:
    policy = bf.make_evaluator(functions.hill, dim=6).policy
    with pytest.raises(RuntimeError, match=r"the function task 'helpers.functions:hill' has no actions"):
        policy.act(np.zeros(6))
    assert policy.noise_scale(1.0) is None
    with pytest.raises(ValueError, match=r"log_std_noise_scale must be 1, got 2.0"):
        policy.noise_scale(2.0)
    with pytest.raises(ValueError, match=r"theta must be float32 of shape \(6,\), got float64"):
        policy.with_parameters(np.zeros(6))  # type: ignore[arg-type]


def test_nothing_is_absorbed_or_kept() -> None:
    evaluator = bf.make_evaluator(functions.hill, dim=6)
    people = population(ZERO, 4)
    batch = evaluator.evaluate(people)
    evaluator.absorb(batch)
    assert evaluator.state() == {}
    evaluator.load({})
    with pytest.raises(ValueError, match=r"has no state, got \['obs_mean'\]"):
        evaluator.load({"obs_mean": np.zeros(3)})
    assert_same_bits_of_returns(batch, evaluator.evaluate(people))
    environment = bf.make_evaluator("InvertedPendulum-v5", threads=1)
    other = population(environment.policy.initial_parameters(), 4)
    assert evaluator.reset_seed(people, 3) == environment.reset_seed(other, 3)
    for call in (evaluator.parameters, evaluator.reset_seed):
        with pytest.raises(ValueError, match="row 4 of a population of 4"):
            call(people, 4)


def test_a_compiled_function_outlives_its_name() -> None:
    def make() -> Evaluator:
        @numba.cfunc(SIGNATURE)
        def first(x: Any, count: int) -> float:
            return float(x[0])

        return bf.make_evaluator(first, dim=6, threads=2)

    people = population(ZERO, 300)
    evaluator = make()
    np.testing.assert_array_equal(evaluator.evaluate(people).returns_r, rows_of(evaluator, people)[:, 0])
