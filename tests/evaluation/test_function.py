"""Function tasks: what is called with what, threads, noise, failures, compiled functions, names, refusals."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from evaluation import functions
from evaluation.populations import population
from subprocesses import run

import bierl_fast as bf
from bierl_fast.archive import write_archive
from bierl_fast.errors import ArchiveError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.function.evaluator import FunctionEvaluator
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.vector import VectorPolicy
from bierl_fast.evaluation.table import evaluator_of, load_policy, native_functions
from bierl_fast.import_path import imported, written_name
from bierl_fast.messages import F32, F64, EvaluationBatch, NoiseKey, Population, Stream

ZERO = np.zeros(6, np.float32)
SIGNATURE = "float64(CPointer(float32), int64)"


@numba.cfunc(SIGNATURE)
def compiled_hill(x: Any, count: int) -> float:
    total = 0.0
    for i in range(count):
        total -= (x[i] - 1.0) ** 2
    return total


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
        bf.make_evaluator("evaluation.functions:hill", dim=6),
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


def assert_same_bits_of_returns(one: EvaluationBatch, other: EvaluationBatch) -> None:
    np.testing.assert_array_equal(one.returns_r, other.returns_r)
    np.testing.assert_array_equal(one.failed_r, other.failed_r)


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
    assert note.endswith(f"broken> in {rows} of the population")


def test_an_interrupt_comes_through_as_it_came() -> None:
    def interrupt(x: F32) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        bf.make_evaluator(interrupt, dim=6).evaluate(population(ZERO, 4))
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("value", [2, 2.5, np.float32(0.5), np.int64(3), np.array(1.5), np.array(2)])
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
    with pytest.raises(RuntimeError, match=r"the function task 'evaluation.functions:hill' has no actions"):
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


def test_another_number_of_parameters_is_refused() -> None:
    for task in (functions.hill, compiled_hill, "quadratic"):
        evaluator = bf.make_evaluator(task, dim=7)
        with pytest.raises(ValueError, match=r"base_bp must be \(B, 7\) for .*, got \(1, 6\)"):
            evaluator.evaluate(population(ZERO, 4))


def test_a_compiled_function_outlives_its_name() -> None:
    def make() -> Evaluator:
        @numba.cfunc(SIGNATURE)
        def first(x: Any, count: int) -> float:
            return float(x[0])

        return bf.make_evaluator(first, dim=6, threads=2)

    people = population(ZERO, 300)
    evaluator = make()
    np.testing.assert_array_equal(evaluator.evaluate(people).returns_r, rows_of(evaluator, people)[:, 0])


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
        ("quadratik", {"dim": 3}, "no function named 'quadratik'; known: .* did you mean 'quadratic'"),
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
        ("evaluation.functions:hull", {"dim": 3}, "cannot import the task 'evaluation.functions:hull': AttributeError"),
        ("evaluation.absent:hill", {"dim": 3}, "No module named 'evaluation.absent'; is its folder on PYTHONPATH?"),
        ("evaluation.functions:NO_FUNCTION", {"dim": 3}, "must be a function, got int"),
        ("evaluation.functions:", {"dim": 3}, "cannot import the task 'evaluation.functions:'"),
        (":hill", {"dim": 3}, "cannot import the task ':hill'"),
        ("<m:f>", {"dim": 3}, "the task was the Python function <m:f>, which cannot be imported"),
    ],
)
def test_what_is_refused(task: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bf.make_evaluator(task, **options)


def test_an_absent_extra_is_named_with_its_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_numba.py").write_text("import numba\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ValueError, match=r"numba is not installed.*: pip install 'bierl-fast\[numba\]'"):
        imported("needs_numba:fn")


def test_written_names() -> None:
    assert written_name(functions.hill) == "evaluation.functions:hill"
    assert imported("evaluation.functions:hill") is functions.hill
    assert written_name(compiled_hill) == f"{__name__}:compiled_hill"
    for function, name in (
        (lambda x: 0.0, r"<{}:test_written_names.<locals>.<lambda>>"),
        (functions.Hill(), "<evaluation.functions:Hill instance>"),
        (functions.Hill().__call__, "<evaluation.functions:Hill.__call__>"),
    ):
        assert written_name(function) == name.format(__name__)


def test_a_function_of_the_main_module_has_no_path() -> None:
    code = "from bierl_fast.import_path import written_name\ndef fn(x): return 0.0\nprint(written_name(fn))"
    assert run(code).stdout.strip() == "<__main__:fn>"


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    evaluator = bf.make_evaluator("evaluation.functions:hills", dim=6, vectorized=True, task_kwargs={"top": 2.0})
    theta = np.arange(6, dtype=np.float32)
    evaluator.policy.with_parameters(theta).save(path)
    policy = load_policy(path)
    assert isinstance(policy, VectorPolicy)
    assert policy.spec == evaluator.policy.spec  # type: ignore[attr-defined]
    np.testing.assert_array_equal(policy.parameters, theta)
    again = evaluator_of(policy)
    assert isinstance(again, FunctionEvaluator)
    people = population(theta, 6)
    assert_same_bits_of_returns(evaluator.evaluate(people), again.evaluate(people))
    with pytest.raises(ArchiveError, match="its header says vector of format 1"):
        MlpPolicy.load(path)
    bf.make_evaluator("InvertedPendulum-v5", threads=1).policy.save(path)
    assert isinstance(load_policy(path), MlpPolicy)
    with pytest.raises(ArchiveError, match="is not a vector of format 1"):
        VectorPolicy.load(path)
    for header in ("no JSON", "[]", "{}", '{"kind": "tensor"}'):
        write_archive(path, header, {})
        with pytest.raises(ArchiveError, match="is not a policy of format 1"):
            load_policy(path)


def test_a_policy_of_a_function_without_a_path_keeps_it() -> None:
    function: Callable[[F32], float] = lambda x: float(x[0])  # noqa: E731
    policy = bf.make_evaluator(function, dim=6).policy.with_parameters(np.ones(6, np.float32))
    assert evaluator_of(policy).evaluate(population(policy.parameters, 2, sigma=0.0)).returns_r.tolist() == [1.0, 1.0]


def test_the_table_lists_the_native_functions() -> None:
    rows = {row["id"]: row for row in native_functions()}
    assert list(rows) == ["quadratic", "rosenbrock", "rastrigin", "ackley"]
    assert all(row["native"] and row["function"] for row in rows.values())
    assert rows["quadratic"]["keywords"] == ["condition", "noise", "rotation_seed", "shift_radius", "shift_seed"]
