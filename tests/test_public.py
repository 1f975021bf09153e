"""Wrong objects are refused at once, in one line, wherever the public surface takes one."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.public import public

KEY = bf.NoiseKey(0, 0)
HP = bf.Hyperparameters(sigma=0.1)
WRONG: list[Any] = [None, 3, -1.5, float("nan"), "a", b"b", [1], {1: 2}, {"a": None}, object(), len, np.zeros(2), KEY]
ERRORS = (bf.BierlError, OSError)


def strategy(name: str = "es", **options: Any) -> Any:
    return bf.make_strategy(name, mean=np.ones(3, np.float32), population=4, **options)


def asked() -> bf.Population:
    population: bf.Population = strategy().ask(HP, KEY)
    return population


def evaluator() -> Any:
    return bf.make_evaluator("ackley", dim=3, threads=1)


def meta(name: str) -> Any:
    history = bf.History(ranges={"sigma": bf.Range(0.01, 1.0)})
    return bf.make_meta(name, bf.MetaParts(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), history))


def native() -> Any:
    return bf.make_evaluator("InvertedPendulum-v5", hidden=(2,), threads=1)


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: bf.train("Swimmer-v5"), r"config must be a Config \(bf\.Config\(task=.*\), got 'Swimmer-v5'"),  # type: ignore[arg-type]
    (lambda: bf.train({"task": "Swimmer-v5"}), "config must be a Config"),  # type: ignore[arg-type]
    (lambda: bf.make_strategy(["es"], mean=np.ones(2, np.float32)), "name must be a string"),  # type: ignore[arg-type]
    (lambda: bf.make_meta("none", HP), "parts must be a MetaParts"),  # type: ignore[arg-type]
    (lambda: bf.Range(0.1, "b"), "high must be a number, got 'b'"),  # type: ignore[arg-type]
    (lambda: bf.Hyperparameters(sigma=[1.0]), "sigma must be a number"),  # type: ignore[arg-type]
    (lambda: bf.Hyperparameters(learning_rate=float("inf")), "learning_rate must be a finite number"),
    (lambda: bf.evaluate([1]), "run_dir_or_policy must be"),  # type: ignore[arg-type]
    (lambda: strategy().ask(HP, 0), r"key must be a NoiseKey \(bf\.NoiseKey\(run_seed=0, generation=0\)\), got 0"),
    (lambda: strategy("nsr").ask(HP, "key"), "key must be a NoiseKey"),
    (lambda: strategy("cmaes").ask(0.1, KEY), "hp must be a Hyperparameters"),
    (lambda: strategy("snes").ask(HP, KEY, "four"), "candidates must be an integer or None"),
    (lambda: strategy("pgpe").tell(HP, None), "population must be a Population"),
    (lambda: strategy("ars").stepped(asked(), KEY), "batch must be an EvaluationBatch"),
    (lambda: strategy().load([]), "arrays must be a dict"),
    (lambda: evaluator().evaluate(KEY), "population must be a Population"),
    (lambda: native().evaluate(None), "population must be a Population"),
    (lambda: native().absorb(asked()), "batch must be an EvaluationBatch"),
    (lambda: native().reset_seed(asked(), 0.5), "row must be an integer"),
    (lambda: evaluator().parameters("p", 0), "population must be a Population"),
    (lambda: meta("csa").propose("history"), "history must be a History"),
    (lambda: meta("lstm").due(HP, 1, 1), "history must be a History"),
    (lambda: meta("direct").improve(strategy(), KEY, bf.History(), KEY), "evaluator must be an Evaluator"),
    (lambda: bf.NativeEnv("Hopper-v5").reset(seed=1.5), r"seed must be an integer in \[0, \d+\], got float"),  # type: ignore[arg-type]
    (lambda: bf.NativeEnv("Hopper-v5").reset(seed=True), r"seed must be an integer in \[0, \d+\], got bool"),
    (lambda: bf.NativeEnv("Hopper-v5").render(), "makes no pictures"),
    (lambda: bf.History(quantiles=2.5), "quantiles must be an integer"),  # type: ignore[arg-type]
    (lambda: bf.History(ranges=None), "ranges must be a dict"),  # type: ignore[arg-type]
    (lambda: bf.Policy.load(None), "path must be a string or a path"),  # type: ignore[arg-type]
    (lambda: strategy().ask(HP, KEY, 2**40), "population must be at most 2147483646, got 1099511627776"),
    (lambda: bf.NoiseKey(-(10**6000), 0), r"run_seed must be in \[0, 2\*\*64\), got <int>"),
    (lambda: bf.kernels.normals(KEY, 0, 10**6000), "count must be an integer, got <int>"),
    (lambda: bf.make_evaluator("ackley", dim=10**6000), "dim must be an integer in .*, got <int>"),
    (lambda: bf.make_evaluator("ackley", dim=3, threads=-(10**6000)), "threads must be .*, got <int>"),
    (lambda: bf.Config(task="ackley", dim=3, population=10**6000), "population must be .*, got <int>"),
    (lambda: bf.History().load({}), "must be"),
    (lambda: bf.History().load({b"window": 0}), "arrays must be a dict with names as keys, got"),  # type: ignore[dict-item]
    (lambda: strategy().load({2: 3, "mean": 4}), "arrays must be a dict with names as keys, got"),
    (lambda: bf.make_evaluator("Hopper-v5", task_kwargs={2: 3}), "must be a dict with names as keys"),  # type: ignore[dict-item]
    (lambda: bf.make_evaluator("ackley", dim=3, task_kwargs={None: 3}), "task_kwargs must be"),  # type: ignore[dict-item]
    (lambda: bf.make_evaluator("Hopper-v5", log_std=1e300), "log_std must be at least .* and at most 88"),
    (lambda: bf.Config(task="Hopper-v5", reference={3: 4}), "no reference switch named 3"),
    (lambda: bf.Config(task="Hopper-v5", log_std=1e200), "log_std must be"),
    (lambda: bf.Config(task="Hopper-v5", sac_updates=1e200), "sac_updates must be"),
    (lambda: strategy(populatoin=3), "did you mean 'population'.*known: center_episodes, crn, episodes_per_candidate"),
    (lambda: strategy().tell(asked(), batch(offset=1e308)), "alive_offset 1e\\+308"),
    (lambda: bf.kernels.normals(KEY, 0, -1), r"count must be an integer in \[0, 17179869183\], got -1"),
    (lambda: bf.kernels.normals(KEY, 1.5, 3), "row must be an integer"),  # type: ignore[arg-type]
    (lambda: bf.kernels.row_parameters(KEY, 0), "population must be a Population"),  # type: ignore[arg-type]
]


def batch(offset: float) -> bf.EvaluationBatch:
    return bf.EvaluationBatch(np.zeros(4), np.full(4, 100, np.int32), np.zeros(4, np.bool_))


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_in_one_line(call: Callable[[], Any], message: str) -> None:
    if "alive_offset" in message:
        population = strategy().ask(bf.Hyperparameters(alive_offset=1e308), KEY)
        call = lambda: strategy().tell(population, batch(1e308))  # noqa: E731
    with pytest.raises(bf.BierlError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def calls(name: str, thing: Any, wrong: Any) -> Any:
    """A call with one wrong object in every place that has no default."""
    parameters = inspect.signature(thing).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    more = {"rounds": "few"} if name == "pretrain" else {}  # else it trains for minutes
    needed = [p for p in parameters if p.default is p.empty and p.kind not in variable]
    return thing(**{p.name: wrong for p in needed if p.kind is not p.POSITIONAL_ONLY}, **more)


NAMES = [
    name
    for name in bf.__all__
    if callable(getattr(bf, name))
    and name not in {"Stream", "NumpyPolicy"}  # an enumeration, whose constructor is Python's; made by its load
    and not (isinstance(getattr(bf, name), type) and issubclass(getattr(bf, name), BaseException))
]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_takes_wrong_objects_calmly(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = []
    for wrong in WRONG:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                calls(name, getattr(bf, name), wrong)
            except ERRORS as error:
                said.append(str(error))
    assert not [text for text in said if "\n" in text]


@public
def example(
    key: bf.NoiseKey, count: int = 3, *, names: Sequence[str] = (), table: Mapping[str, int] | None = None
) -> int:
    return count


@public
class Example:
    """Methods are looked at, private ones are not."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def method(self, path: str | Path) -> Any:
        return path

    @classmethod
    def made(cls, name: str) -> Example:
        return cls(len(name))

    def _own(self, count: int) -> Any:
        return count


def test_what_is_right_passes_and_signatures_stay() -> None:
    assert example(KEY, np.int64(4), names=["a"], table={"a": 1}) == 4  # type: ignore[arg-type]
    assert list(inspect.signature(example).parameters) == ["key", "count", "names", "table"]
    assert Example(3).method(Path("x")) == Path("x")
    assert Example.made("ab").scale == 2
    assert Example(np.float32(0.5))._own("private") == "private"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        lambda: example(3),  # type: ignore[arg-type]
        lambda: example(KEY, True),
        lambda: example(KEY, names="letters"),
        lambda: example(KEY, table=[1]),  # type: ignore[arg-type]
        lambda: Example("a"),  # type: ignore[arg-type]
        lambda: Example(1.0).method(3),  # type: ignore[arg-type]
        lambda: Example.made(name=3),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_does_not(call: Callable[[], Any]) -> None:
    with pytest.raises(bf.ArgumentTypeError, match=r"^\w+ must be .*, got "):
        call()


def test_a_call_that_no_signature_takes_stays_pythons() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        example(KEY, other=3)  # type: ignore[call-arg]
