"""A call of compiled code that no signature takes is one line of the package's own: what was wanted, what came."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast._native import core

TOO_MANY = tuple(range(40))
CLASSES = [name for name, each in vars(core).items() if isinstance(each, type)]
FUNCTIONS = [name for name, each in vars(core).items() if callable(each) and not isinstance(each, type)]
INTERNAL = ("__", "_pybind11")


def methods() -> Iterator[tuple[str, str]]:
    for name in CLASSES:
        for method, each in vars(getattr(core, name)).items():
            if not method.startswith(INTERNAL) and not isinstance(each, property):
                yield name, method


def refused(call: Any, wanted: str, *args: Any, **keywords: Any) -> str:
    with pytest.raises(bf.ArgumentTypeError) as caught:
        call(*args, **keywords)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"wanted {wanted}(")
    return text


@pytest.mark.parametrize("name", CLASSES)
def test_constructors(name: str) -> None:
    made = getattr(core, name)
    assert refused(made, name, *TOO_MANY).endswith(f", got {', '.join(map(str, TOO_MANY))}")
    assert "unheard_of='of'" in refused(made, name, unheard_of="of")
    long = refused(made, name, "x" * 10**6, unheard_of=[1] * 10**6, why=object())
    assert len(long) < 5000


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    refused(getattr(core, name), name, *TOO_MANY)
    refused(getattr(core, name), name, unheard_of=3)


@pytest.mark.parametrize(("name", "method"), list(methods()))
def test_methods(name: str, method: str) -> None:
    of_class = getattr(core, name)
    if isinstance(inspect.getattr_static(of_class, method), staticmethod):
        refused(getattr(of_class, method), f"{name}.{method}", *TOO_MANY)
    else:  # whatever it is called on, an instance or not
        refused(getattr(of_class, method), f"{name}.{method}", object(), *TOO_MANY)


def test_of_public_classes() -> None:
    assert refused(kernels.ThreadPool, "ThreadPool") == "wanted ThreadPool(threads), got nothing"
    assert refused(kernels.FitnessBuffer, "FitnessBuffer", 4) == (
        "wanted FitnessBuffer(history, quantiles, hyperparameters), got 4"
    )
    buffer = kernels.ReplayBuffer(2, 1, capacity=3)
    assert refused(buffer.append, "ReplayBuffer.append") == "wanted ReplayBuffer.append(transitions), got nothing"
    assert refused(buffer.append, "ReplayBuffer.append", 1, extra=2).endswith("got 1, extra=2")


def test_what_fits_is_taken_as_before() -> None:
    buffer = kernels.ReplayBuffer(observations=2, actions=1, capacity=3)
    buffer.append(np.zeros((2, buffer.width), np.float32))
    assert len(buffer) == 2
    assert pickle.loads(pickle.dumps(core.Turn("object"))).mine is False
    with pytest.raises(bf.ArgumentTypeError, match=r"capacity must be an integer in .*, got str"):
        kernels.ReplayBuffer(2, 1, "3")  # type: ignore[arg-type]


def test_names_of_tables_are_answered_as_all_others_are() -> None:
    for call in (
        lambda: core.TestFunction("rosenbrok", 3),
        lambda: core.check_task("Pusher-v4", {}),
        lambda: core.check_task("Reacher-v5", {"reward_dist_wait": 1.0}),
        lambda: core.EpisodeActor(core.PolicyShape([2, 1], "tanh", [-1.0], [1.0], "clip", "none", 0.0), "action"),
    ):
        with pytest.raises(bf.UnknownNameError, match=r"^no .* named '.*'; did you mean '.*'\? known: \w") as caught:
            call()
        assert len(str(caught.value)) < 400
