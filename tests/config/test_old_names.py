"""A setting under a name that it no longer has: still read everywhere, with one warning that has the new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fakes import Fakes

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.comparison import spec
from bierl_fast.config import toml
from bierl_fast.config.sections import OLD_NAMES

SAID = "the setting 'behaviour' is called 'behavior' now"
TRAIN = ("train", "Parabola-v0", "--population", "6", "--generations", "1", "--quiet")


def written(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text('behaviour = "none"\n', encoding="utf-8")
    return path


def read_by_pretraining(path: Path) -> None:
    with pytest.raises(bf.ConfigError, match="there is no folder"):
        bf.pretrain(path / "no" / "file.npz", ["quadratic"], credit="one_step", dim=3, behaviour="none")


def compared(**base: Any) -> Any:
    return spec.read({"base": {"task": "Hopper-v5", "total_steps": 100, **base}})


PYTHON: list[Callable[[Path], Any]] = [
    lambda _: bf.Config(task="Hopper-v5", behaviour="none"),
    lambda _: bf.Config(task="Hopper-v5").replace(behaviour="none"),
    lambda _: bf.make_evaluator("Hopper-v5", threads=1, behaviour="none").close(),
    lambda _: bf.make_strategy("nsr", mean=np.zeros(3, np.float32), neighbours=3),
    lambda path: toml.read(written(path / "config.toml")),
    lambda _: toml.compose({"task": "Hopper-v5"}, {"behaviour": "none"}),
    lambda _: compared(behaviour="none"),
    read_by_pretraining,
]


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_in_python_it_is_read_with_one_warning_at_the_callers_line(number: int, tmp_path: Path) -> None:
    with pytest.warns(bf.OldNameWarning) as caught:
        PYTHON[number](tmp_path)
    assert [str(each.message) for each in caught] in ([SAID], ["the setting 'neighbours' is called 'neighbors' now"])
    assert caught[0].filename == __file__


def test_each_old_name_has_its_warning() -> None:
    old = {"behaviour": "none", "neighbours": 3}
    assert set(old) == set(OLD_NAMES)
    with pytest.warns(bf.OldNameWarning) as caught:
        config = bf.Config(task="Hopper-v5", strategy="nsr", **old)
    assert [str(each.message) for each in caught] == [
        f"the setting {a!r} is called {b!r} now" for a, b in OLD_NAMES.items()
    ]
    assert {config.behavior, config.neighbors} == set(old.values())


def test_what_came_under_an_old_name_is_what_is_used() -> None:
    with pytest.warns(bf.OldNameWarning):
        found = compared(behaviour="none")
    assert found.base.settings["behavior"] == "none"


@pytest.mark.parametrize("where", ["typed", "config", "preset"])
def test_a_command_reads_it_with_one_warning(
    where: str, fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toml, "PRESETS", written(tmp_path / "presets" / "mine.toml").parent)
    given = {
        "typed": ["--behaviour", "none"],
        "config": ["--config", str(written(tmp_path / "mine.toml"))],
        "preset": ["--preset", "mine"],
    }
    assert entry([*TRAIN, *given[where]]) == 0
    assert capsys.readouterr().err == f"bierl: warning: {SAID}\n"
    assert fakes.last.config.behavior == "none"


def test_a_pretraining_command_reads_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "no" / "file.npz")
    typed = ["pretrain", "quadratic", "--dim", "3", "--credit", "one_step", "--out", out, "--behaviour", "none"]
    assert entry(typed) == 2
    warning, error = capsys.readouterr().err.splitlines()
    assert warning == f"bierl: warning: {SAID}"
    assert "there is no folder" in error


@pytest.mark.parametrize(
    "both",
    [
        lambda: bf.Config(task="Hopper-v5", behaviour="none", behavior="none"),
        lambda: bf.make_evaluator("Hopper-v5", behaviour="none", behavior="none"),
        lambda: bf.make_strategy("nsr", mean=np.zeros(3, np.float32), neighbours=3, neighbors=3),
        lambda: compared(behaviour="none", behavior="none"),
    ],
)
def test_both_names_of_one_setting_are_refused(both: Callable[[], Any]) -> None:
    with pytest.raises(bf.ConfigError, match=r"are the same setting, called .* now; give that alone") as caught:
        both()
    assert set(caught.value.settings) <= set(OLD_NAMES.values())
