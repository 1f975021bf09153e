"""Whatever is given to what shows a run or takes it away, the answer is one of the package's errors, in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf

WRONG: list[Any] = [None, 3, -1.5, "", "absent", b"b", [1], {1: 2}, object(), len, np.zeros(2), bf.NoiseKey(0, 0)]
CALLS: dict[str, Callable[[Any, Path], Any]] = {
    "export": lambda wrong, out: bf.export(wrong, out / "p.h", format="c"),
    "format": lambda wrong, out: bf.export("absent", out / "p.h", format=wrong),
    "record": lambda wrong, out: bf.record(wrong, out / "p.gif"),
    "episodes": lambda wrong, out: bf.record("absent", out / "p.gif", episodes=wrong),
    "seed": lambda wrong, out: bf.record("absent", out / "p.gif", seed=wrong),
    "out": lambda wrong, out: bf.record("absent", wrong),
    "watch": lambda wrong, out: bf.watch(wrong),
    "plot": lambda wrong, out: bf.plot(wrong, out=out / "p.png"),
    "against": lambda wrong, out: bf.plot("absent", against=wrong),
}


@pytest.mark.parametrize("call", CALLS)
def test_wrong_arguments(call: str, tmp_path: Path) -> None:
    for wrong in WRONG:
        with pytest.raises(bf.BierlError) as error:
            CALLS[call](wrong, tmp_path)
        assert len(str(error.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_what_train_gives_is_taken(tmp_path: Path) -> None:
    config = bf.Config(
        task="InvertedPendulum-v5", strategy="ars", meta="none", hidden=(2,), population=4, generations=1
    )
    result = bf.train(config)
    assert bf.export(result, tmp_path / "p.h", format="c")["task"] == config.task
    with pytest.raises(bf.UnknownNameError, match="no kind of film named 'h'"):  # the ending alone
        bf.record(result, tmp_path / "p.h")
    with pytest.raises(bf.BierlError, match=r"or a Policy or a Result \(what bf\.train gives\), got Config"):
        bf.export(config, tmp_path / "q.h", format="c")


@pytest.mark.parametrize("call", [bf.plot, bf.report])
def test_runs_in_a_list(call: Any) -> None:
    with pytest.raises(
        bf.ArgumentTypeError, match=r"a Result \(what .*; give each as an argument of its own, with a \*"
    ):
        call(["runs/a", "runs/b"])
