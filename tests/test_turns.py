"""Objects with state, used from several threads: calls take turns, none is lost, and what cannot be is an error."""

from __future__ import annotations

import copy
import inspect
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from helpers.subprocesses import run

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast.meta.signals import FIRST
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run.compact import Records
from bierl_fast.strategy.table import STRATEGIES
from bierl_fast.turns import SENTENCE, TakesTurns

JOIN = 300.0  # seconds, on whatever machine
HP = bf.Hyperparameters()


class Counter(TakesTurns, called="counter"):
    """Counts in two steps, with Python in between."""

    def __init__(self) -> None:
        self.value = 0
        self.during: Callable[[], Any] = lambda: None

    def count(self) -> int:
        """One more."""
        before = self.value
        self.during()
        self.value = before + 1
        return self.seen

    @property
    def seen(self) -> int:
        """How many."""
        return self.value


class Kept(Counter):
    """Its own call goes to its base's."""

    def count(self) -> int:
        """One more, as the base counts."""
        return super().count() + 0 * self.seen


def at_once(work: Callable[[], Any], threads: int = 4) -> None:
    """Run `work` in so many threads, which begin together."""
    barrier, errors = threading.Barrier(threads), []

    def one() -> None:
        barrier.wait(JOIN)
        try:
            work()
        except BaseException as error:
            errors.append(error)

    started = [threading.Thread(target=one, daemon=True) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(JOIN)
    assert not [thread for thread in started if thread.is_alive()]
    assert not errors


def repeated(times: int, work: Callable[[], Any]) -> Callable[[], None]:
    def again() -> None:
        for _ in range(times):
            work()

    return again


@pytest.fixture(autouse=True)
def often_switched() -> Iterator[None]:
    """Threads give way as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("kind", [Counter, Kept])
def test_no_count_is_lost(kind: type[Counter]) -> None:
    counter = kind()
    at_once(repeated(500, counter.count))
    assert counter.value == 2000


def report(generation: int) -> bf.GenerationReport:
    strategy = bf.make_strategy("es", mean=np.zeros(3, np.float32), population=4)
    population = strategy.ask(bf.Hyperparameters(sigma=0.1), bf.NoiseKey(0, generation))
    batch = bf.EvaluationBatch(np.arange(4.0), np.ones(4, np.int32), np.zeros(4, np.bool_))
    told = strategy.tell(population, batch)
    return bf.GenerationReport(generation, 4, told, population.hyperparameters, {})


def test_no_generation_of_a_history_is_lost() -> None:
    history, told = bf.History(length=4, quantiles=4), report(0)
    at_once(repeated(50, lambda: history.append(told)))
    assert history.generations == 200
    assert history.inner_steps == 800
    assert history.state()["counts"].tolist()[:2] == [4, 200]


def test_no_record_is_lost() -> None:
    records = Records()
    at_once(repeated(300, lambda: records.append({"generation": len(records)})))
    assert len(records) == len(list(records)) == 1200


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"cmaes", "esac"}))
def test_steps_of_a_strategy_are_whole(name: str) -> None:
    """As many steps are taken as were told, one after the other."""
    strategy: Any = bf.make_strategy(name, mean=np.zeros(4, np.float32), population=4)
    hp = bf.Hyperparameters(**{key: spec.default for key, spec in strategy.declared.items()})
    asked = strategy.ask(hp, bf.NoiseKey(0, 0))
    count = asked.rows
    batch = bf.EvaluationBatch(
        np.arange(float(count)), np.ones(count, np.int32), np.zeros(count, np.bool_), behaviour_rd=np.ones((count, 2))
    )

    def work() -> None:
        for _ in range(20):
            strategy.tell(asked, batch)
            strategy.ask(hp, bf.NoiseKey(0, 1))

    at_once(work)
    alone: Any = bf.make_strategy(name, mean=np.zeros(4, np.float32), population=4)
    for _ in range(80):
        alone.tell(asked, batch)
    np.testing.assert_array_equal(strategy.mean, alone.mean)
    for key, array in alone.state().items():
        np.testing.assert_array_equal(strategy.state()[key], array, err_msg=key)


def test_two_that_wait_for_an_optimizer_of_another_library() -> None:
    inside = []

    class Optimizer:
        def ask(self) -> Any:
            inside.append(1)
            assert len(inside) == 1
            inside.pop()
            return np.zeros((4, 3))

        def tell(self, candidates: Any, losses: list[float]) -> None:
            assert strategy.mean.size == 3  # what it calls back belongs to its turn

    strategy = bf.AskTell(Optimizer(), center=lambda: np.zeros(3))
    batch = bf.EvaluationBatch(np.arange(4.0), np.ones(4, np.int32), np.zeros(4, np.bool_))

    def work() -> None:
        for _ in range(20):
            asked = strategy.ask(HP, bf.NoiseKey(0, 0))
            with suppress(bf.ArgumentError):  # the other one has told
                strategy.tell(asked, batch)

    at_once(work, threads=3)


@pytest.fixture
def handled() -> Iterator[list[Callable[..., Any]]]:
    """The calls of a handler of SIGUSR1, which it makes in order; their errors take their places."""
    calls: list[Any] = []

    def handler(signum: int, frame: Any) -> None:
        for place, call in enumerate(calls):
            try:
                calls[place] = call()
            except bf.BierlError as error:
                calls[place] = error

    before = signal.signal(signal.SIGUSR1, handler)
    yield calls
    signal.signal(signal.SIGUSR1, before)


def test_a_handler_cannot_use_what_it_interrupted(handled: list[Any]) -> None:
    counter, other = Counter(), Counter()
    counter.during = lambda: signal.raise_signal(signal.SIGUSR1)
    handled += [counter.count, lambda: counter.seen, other.count]
    assert counter.count() == 1
    first, second, third = handled
    for error in (first, second):
        assert isinstance(error, bf.ArgumentError)
        assert "this counter is in the middle of a call of the same thread, which a signal handler" in str(error)
    assert third == 1  # another one is free
    handled[:] = [counter.count]
    counter.during = lambda: None
    signal.raise_signal(signal.SIGUSR1)  # in the middle of nothing
    assert handled == [2]


def test_a_handler_in_the_middle_of_a_step(handled: list[Any]) -> None:
    class Optimizer:
        mean = np.zeros(2)

        def ask(self) -> Any:
            signal.raise_signal(signal.SIGUSR1)
            return np.zeros((4, 2))

        def tell(self, candidates: Any, losses: list[float]) -> None: ...

    strategy = bf.AskTell(Optimizer())
    handled += [lambda: strategy.ask(HP, bf.NoiseKey(0, 0))]
    assert strategy.ask(HP, bf.NoiseKey(0, 0)).rows == 4
    assert isinstance(handled[0], bf.ArgumentError)
    assert "this strategy is in the middle" in str(handled[0])


FORK = """
import os, threading
from test_turns import Counter, bf

counter, begun, go_on = Counter(), threading.Event(), threading.Event()
counter.during = lambda: (begun.set(), go_on.wait(300))
thread = threading.Thread(target=counter.count)
thread.start()
assert begun.wait(300)
child = os.fork()
if child == 0:
    try:
        counter.seen
    except bf.ArgumentError as error:
        print(error, flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
go_on.set()
thread.join(300)
assert counter.seen == 1
"""


def test_a_forked_child_is_told() -> None:
    done = run(FORK, PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    assert "this counter was in use by another thread when the process was forked" in done.stdout


def test_an_error_passes_the_turn_on() -> None:
    counter = Counter()
    counter.during = lambda: 1 / 0
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            counter.count()
    at_once(lambda: counter.seen)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_has_a_turn_of_its_own(again: Callable[[Any], Any]) -> None:
    for thing in (
        bf.make_strategy("es", mean=np.zeros(3, np.float32)),
        bf.History(),
        bf.make_strategy("ns", mean=np.zeros(3, np.float32)),
        bf.make_meta("none", bf.MetaParts(bf.Hyperparameters(sigma=0.1), bf.History())),
    ):
        assert isinstance(thing, TakesTurns)
        assert again(thing)._turn is not thing._turn
        assert again(thing).state().keys() == thing.state().keys()


def stateful() -> dict[str, type]:
    """Every class that the package hands to people, but for errors and what is frozen."""
    meta = {name: type(bf.make_meta(name, parts)) for name in META_LEVELS for parts in [made_from(name)]}
    exported = {name: getattr(bf, name) for name in bf.__all__ if isinstance(getattr(bf, name), type)}
    compiled = {name: each for name, each in vars(kernels).items() if isinstance(each, type) and "core" in str(each)}
    made = {name: line.make for name, line in STRATEGIES.items()}
    native, function = (bf.make_evaluator("Swimmer-v5", hidden=(2,)), bf.make_evaluator("ackley", dim=2))
    evaluators = {"native": type(native), "function": type(function), "policy": type(function.policy)}
    native.close()
    function.close()
    found = exported | compiled | made | meta | evaluators
    return {
        name: each
        for name, each in found.items()
        if not issubclass(each, BaseException) and not getattr(each, "__dataclass_params__", None) and name != "Stream"
    }


def made_from(meta: str) -> bf.MetaParts:
    ranges = {name: bf.Range(0.01, 1.0) for name in ("sigma", "learning_rate")}
    own = bf.ScheduleSettings(horizon=3) if meta == "schedule" else None
    history = bf.History(ranges=ranges, signals=META_LEVELS[meta].reads or FIRST)
    return bf.MetaParts(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), history, own=own)


def test_everything_with_state_says_what_threads_may_do() -> None:
    silent = [name for name, each in stateful().items() if "threads" not in (each.__doc__ or "")]
    assert silent in ([], ["Hyperparameters"])  # which never changes
    for name in (*STRATEGIES, *META_LEVELS, "History", "AskTell", "TorchPolicy"):
        each = stateful()[name]
        assert issubclass(each, TakesTurns)
        assert each.__doc__ is not None
        assert inspect.cleandoc(SENTENCE).split(":", maxsplit=1)[0] in each.__doc__
