"""What evaluators and native objects allow from several threads, signal handlers and forks: an answer or an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from helpers.functions import hill
from helpers.populations import assert_same_bits_of_returns, population
from helpers.subprocesses import TIMEOUT, run

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, WorkerError
from bierl_fast.messages import EvaluationBatch, Population

SMALL: dict[str, Any] = {"hidden": (4,), "threads": 2}
MAKERS: dict[str, Callable[[], Any]] = {
    "native": lambda: bf.make_evaluator("Swimmer-v5", **SMALL),
    "pool": lambda: bf.make_evaluator("InvertedPendulum-v5", evaluator="pool", workers=1, hidden=(4,)),
    "function": lambda: bf.make_evaluator("rastrigin", dim=2**12, threads=2),
    "python": lambda: bf.make_evaluator(hill, dim=2**12, threads=2),
}


@pytest.fixture(params=MAKERS)
def evaluator(request: pytest.FixtureRequest) -> Iterator[Any]:
    with closing(MAKERS[request.param]()) as made:
        yield made


def long(evaluator: Any) -> Population:
    """Seconds of work, which a test ends earlier."""
    rows = {"Swimmer-v5": 400, "InvertedPendulum-v5": 4000}.get(evaluator.policy.task, 20_000)
    return population(evaluator.policy.initial_parameters(), rows, sigma=0.01)


def test_two_threads_get_what_one_gets(evaluator: Any) -> None:
    named = population(evaluator.policy.initial_parameters(), 6)
    alone = evaluator.evaluate(named)
    batches: list[EvaluationBatch] = []
    threads = [threading.Thread(target=lambda: batches.append(evaluator.evaluate(named))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(batches) == 3
    for batch in batches:
        np.testing.assert_array_equal(batch.returns_r, alone.returns_r)


def test_no_absorb_is_lost() -> None:
    with closing(MAKERS["native"]()) as evaluator:
        batch = evaluator.evaluate(population(evaluator.policy.initial_parameters(), 2))
        threads = [threading.Thread(target=lambda: [evaluator.absorb(batch) for _ in range(300)]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert evaluator.state()["obs_count"][0] == 900 * batch.moments.count_r.sum()
        assert evaluator.policy.statistics.count == evaluator.state()["obs_count"][0]


@pytest.mark.parametrize("name", ["native", "function", "python"])
@pytest.mark.parametrize("field", ["base_bp", "scale_bp"])
def test_a_population_changed_in_place_is_an_error(name: str, field: str) -> None:
    with closing(MAKERS[name]()) as evaluator:
        theta = evaluator.policy.initial_parameters()
        rows = 30 if name == "native" else 20_000
        named = population(theta, rows, scale_bp=np.ones((1, theta.size), np.float32))
        array, over = getattr(named, field), threading.Event()

        def change() -> None:
            while not over.wait(0.002):
                array[0, 1] += 0.001

        thread = threading.Thread(target=change)
        thread.start()
        try:
            with pytest.raises(ArgumentError, match="base_bp or scale_bp changed while it was evaluated"):
                evaluator.evaluate(named)
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("name", ["native", "pool", "function"])
def test_rows_changed_in_place_do_no_harm(name: str) -> None:
    """Numbers that say where a row finds its memory are read when the evaluation begins."""
    with closing(MAKERS[name]()) as evaluator:
        theta = evaluator.policy.initial_parameters()
        rows = {"native": 60, "pool": 300, "function": 60_000}[name]
        alone = evaluator.evaluate(population(theta, rows))
        named = population(theta, rows)

        def spoil() -> None:
            for array in (named.base_r, named.noise_r, named.episode_r):
                array[:] = -(2**31)
            named.sign_r[:] = 99
            named.sigma_r[:] = np.nan

        timer = threading.Timer(0.5, spoil)  # they are read in the first milliseconds
        timer.start()
        assert_same_bits_of_returns(alone, evaluator.evaluate(named))
        timer.join()


def test_closed(evaluator: Any) -> None:
    evaluator.close()
    evaluator.close()
    with pytest.raises(WorkerError, match="this evaluator is closed; make another"):
        evaluator.evaluate(population(evaluator.policy.initial_parameters(), 2))


@pytest.mark.parametrize("name", ["native", "pool", "function"])
def test_close_beside_evaluate(name: str) -> None:
    """Who evaluates gets the answer, or a WorkerError where the processes are gone; nobody hangs."""
    for _ in range(3):
        evaluator = MAKERS[name]()
        named = long(evaluator) if name == "pool" else population(evaluator.policy.initial_parameters(), 10)
        got: list[Any] = []

        def evaluate(evaluator: Any = evaluator, named: Population = named, got: list[Any] = got) -> None:
            try:
                got.append(evaluator.evaluate(named))
            except WorkerError as error:
                got.append(error)

        thread = threading.Thread(target=evaluate)
        thread.start()
        evaluator.close()
        thread.join(TIMEOUT)
        assert len(got) == 1
        assert isinstance(got[0], WorkerError | EvaluationBatch)
        with pytest.raises(WorkerError, match="closed"):
            evaluator.evaluate(named)


SIGNAL = """
import signal
import bierl_fast as bf
from evaluation.test_threads import MAKERS, long

if __name__ == "__main__":
    evaluator = MAKERS[NAME]()
    named = long(evaluator)

    def handler(*_):
        try:
            evaluator.evaluate(named)
        except bf.BierlError as error:
            print(type(error).__name__, error)
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.3)  # it came between two evaluations

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        while True:
            evaluator.evaluate(named)
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize("name", ["native", "pool", "function"])
def test_a_signal_handler_cannot_use_what_it_interrupted(name: str) -> None:
    done = run(SIGNAL.replace("NAME", repr(name)))
    first, last = done.stdout.splitlines()
    assert first.startswith("ArgumentError th")
    assert "set a flag in the handler" in first
    assert last == "interrupted", done.stderr


FORK = """
import os
import signal
import numpy as np
import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast._native import core
from evaluation.test_threads import MAKERS
from helpers.populations import population

if __name__ == "__main__":
    evaluators = [make() for make in MAKERS.values()]
    for evaluator in evaluators:
        evaluator.evaluate(population(evaluator.policy.initial_parameters(), 50))
    env, pool = bf.NativeEnv("Reacher-v5"), kernels.ThreadPool(2)
    env.reset(seed=1)
    child = os.fork()
    if child == 0:
        signal.alarm(600)
        env.step(env.action_space.sample())
        for evaluator in evaluators[:3]:
            try:
                evaluator.evaluate(population(evaluator.policy.initial_parameters(), 5000))
                print("no error")
            except bf.BierlError as error:
                print(str(error).partition(" ")[0])
        del evaluator, evaluators, env, pool
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    evaluators[1].evaluate(population(evaluators[1].policy.initial_parameters(), 2))
"""


def test_a_forked_child_frees_what_it_inherits() -> None:
    done = run(FORK)
    assert done.stdout.splitlines()[-1] == "7", done.stderr
    assert done.returncode == 0, done.stderr


DAEMON = """
import threading
import time
import numpy as np
import bierl_fast as bf
from bierl_fast import kernels
from evaluation.test_threads import MAKERS, long

def evaluating(name):
    evaluator = MAKERS[name]()
    named = long(evaluator)
    return lambda: evaluator.evaluate(named)

def stepping():
    env = bf.NativeEnv("Hopper-v5")
    env.reset(seed=0)
    return lambda: env.step(env.action_space.sample())

rows, weights = np.arange(100, dtype=np.uint32), np.ones(100, np.float32)
works = [
    evaluating("native"),
    evaluating("function"),
    stepping(),
    lambda: kernels.normals(bf.NoiseKey(0, 0), 0, 10_000),
    lambda: kernels.gradient(bf.NoiseKey(0, 0), rows, weights, 10_000),
]

def for_ever(work):
    while True:
        work()

for work in works:
    threading.Thread(target=for_ever, args=(work,), daemon=True).start()
time.sleep(WAIT)
"""


@pytest.mark.parametrize("wait", [0.05, 0.3])
def test_python_ends_quietly_beside_daemon_threads(wait: float) -> None:
    for _ in range(3):
        done = run(DAEMON.replace("WAIT", str(wait)))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_turn_is_an_error_where_it_would_wait_for_ever() -> None:
    turn = core.Turn("toy")
    with turn, pytest.raises(ArgumentError, match="this toy is in the middle of a call of the same thread"):
        turn.__enter__()
    with pytest.raises(KeyError), turn:
        raise KeyError
    with turn:  # passed on by the error
        pass
