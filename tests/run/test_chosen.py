"""What somebody chose of a run's settings: what was given, whatever a strategy fills in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bierl_fast as bf
from bierl_fast.config.toml import read_saved
from bierl_fast.run.chosen import chosen
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loaded import of
from bierl_fast.run.told import blocks_of_run

GIVEN: dict[str, Any] = {"meta": "none", "generations": 1, "seed": 4}
FUNCTION: dict[str, Any] = {**GIVEN, "task": "quadratic", "dim": 7}


def settings_of_the_report(path: Path) -> tuple[dict[str, str], set[str]]:
    """Those that it shows as chosen, and the names of those at their defaults."""
    (run,) = of(path)
    _, sections = blocks_of_run(run)
    facts, fold, _ = next(list[Any](section.blocks) for section in sections if section.title == "Settings")
    return dict(facts.facts), {name for name, _ in fold.blocks[0].facts}


@pytest.mark.parametrize("strategy", ["es", "ars", "pgpe", "snes", "cmaes"])
def test_what_a_strategy_takes_by_itself_is_nobodys_choice(strategy: str, tmp_path: Path) -> None:
    given = {**FUNCTION, "strategy": strategy}
    bf.train(bf.Config(**given), tmp_path)
    assert chosen(RunDirectory(tmp_path), read_saved(tmp_path / "config.toml")) | {"strategy": strategy} == given
    assert dict(bf.show(tmp_path).settings) | {"strategy": strategy} == given
    shown, others = settings_of_the_report(tmp_path)
    assert shown.keys() == given.keys()
    assert "sigma" in others


def test_what_was_given_is(tmp_path: Path) -> None:
    given = {**FUNCTION, "strategy": "pgpe", "learning_rate": 0.3, "population": 8, "shaping": "log_rank"}
    bf.train(bf.Config(**given), tmp_path)
    assert dict(bf.show(tmp_path).settings) == given
    assert settings_of_the_report(tmp_path)[0].keys() == given.keys()


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_without_a_policy_a_default_that_depends_on_its_size_is_shown(content: bytes | None, tmp_path: Path) -> None:
    bf.train(bf.Config(**FUNCTION, strategy="pgpe"), tmp_path)
    RunDirectory(tmp_path).policy.unlink()
    if content is not None:
        RunDirectory(tmp_path).policy.write_bytes(content)
    assert bf.show(tmp_path).settings.keys() - FUNCTION.keys() == {"strategy", "learning_rate"}
