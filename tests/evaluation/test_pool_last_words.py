"""Whatever an environment raises keeps its words and fails its own row; a process that dies says how."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from helpers.mean_envs import ERRORS
from helpers.pool_evaluators import make, mean, people_of

from bierl_fast.errors import EpisodeError, EpisodeWarning
from bierl_fast.evaluation.pool.process import ending
from bierl_fast.reasons import MOST_CHARACTERS, reason

pytestmark = pytest.mark.slow  # processes started by the dozen

WORDS = {
    "cancelled": "CancelledError: the bus left (",
    "generator": "GeneratorExit: over (",
    "iteration": "StopIteration: 7 (",
    "exit": "SystemExit: 4 (",
    "interrupt": "KeyboardInterrupt: from nobody (",
    "own": "OfItsOwn: mine (",
    "unnamed": "Unnamed: who was it (",
    "unprintable": "LastWords: (what it says cannot be had: its __str__ raises AttributeError) (",
    "group": "BaseExceptionGroup: both (2 sub-exceptions); ValueError: left; OfItsOwn: right (",
    "long": r"RuntimeError: a b\x1b[31m \udc80ccc",
    "silent": "AssertionError: raise error() (",
}


@pytest.mark.parametrize("error", sorted(ERRORS))
@pytest.mark.parametrize("at", ["step", "reset"])
def test_any_exception_fails_its_row_in_its_words(error: str, at: str) -> None:
    with make(**mean("Raises", error=error, at=at)) as evaluator:
        pids = evaluator.workers
        with pytest.raises(EpisodeError) as caught:
            evaluator.evaluate(people_of(evaluator, 2))
        assert evaluator.workers == pids
    text = str(caught.value)
    assert WORDS[error] in text
    assert text.endswith(")")
    assert "(_maybe in " in text
    assert "\n" not in text
    assert len(text) < 3 * MOST_CHARACTERS


@pytest.mark.parametrize("error", sorted(ERRORS))
def test_any_exception_of_a_make_is_told(error: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match="cannot be made in a worker process"):
        make(**mean("Raises", error=error, at="make"))


@pytest.mark.parametrize("error", ["exit", "own", "unprintable"])
def test_any_exception_of_a_close_concerns_nobody(error: str, capfd: pytest.CaptureFixture[str]) -> None:
    with make(**mean("Raises", error=error, at="close")) as evaluator:
        assert not evaluator.evaluate(people_of(evaluator, 2)).failed_r.any()
    assert capfd.readouterr() == ("", "")


def test_a_bare_assertion_is_told_with_its_place() -> None:
    said = pytest.raises(EpisodeError, match=r"AssertionError: assert action is None \(step in .*envs.py, line \d+\)")
    with make(**mean("Raises", error="own", at="assert")) as evaluator, said:
        evaluator.evaluate(people_of(evaluator, 2))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, r"was killed by signal 9: out of memory\? \(SIGKILL\)"),
        (signal.SIGSEGV, r"was killed by signal 11: segmentation fault \(SIGSEGV\)"),
        (signal.SIGABRT, r"was killed by signal 6: aborted \(SIGABRT\)"),
        (signal.SIGTERM, r"was killed by signal 15: terminated \(SIGTERM\)"),
    ],
)
def test_a_process_that_dies_says_how(number: int, words: str) -> None:
    said = pytest.raises(EpisodeError, match=f"its worker process died 3 times; the last one {words}")
    with make(**mean("Dies", number=number, fresh_env="never")) as evaluator, said:
        evaluator.evaluate(people_of(evaluator, 1))


def test_endings() -> None:
    assert ending(7) == "ended with exit code 7"
    assert ending(-64).startswith("was killed by signal 64")


def test_words_of_what_was_never_raised() -> None:
    assert reason(ValueError("so")) == "ValueError: so"
    assert reason(AssertionError()) == "AssertionError"


def test_a_behavior_function_may_raise_anything() -> None:
    options: dict[str, Any] = {**mean("Still"), "behavior": fickle}
    with make(**options) as evaluator, pytest.warns(EpisodeWarning, match="GeneratorExit: too far"):
        assert 0 < evaluator.evaluate(people_of(evaluator, 12)).failed_r.sum() < 12


def fickle(env: Any, observation: Any, info: Any) -> list[float]:
    if env.unwrapped._x > 0.0 and env.unwrapped.np_random_seed != 0:
        raise GeneratorExit("too far")
    return [1.0]
