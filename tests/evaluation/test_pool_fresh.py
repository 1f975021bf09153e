"""The process pool: environments are tried out, and made anew where a reset keeps something."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import pool_envs
from helpers.pool_evaluators import make, people_of
from helpers.populations import assert_same_bits

from bierl_fast.errors import EpisodeError, EpisodeWarning
from bierl_fast.evaluation.pool import pool as pools


@pytest.mark.slow  # many worker processes
def test_fresh_environments() -> None:
    """An environment whose reset keeps something is found out, and made anew for each episode."""
    options: dict[str, Any] = {"task_kwargs": {"trouble": "keeps"}}
    with make(**options) as auto, make(**options, fresh_env="always") as always, make() as plain:
        assert (auto.fresh_env, always.fresh_env, plain.fresh_env) == (True, True, False)
        people = people_of(auto)
        wanted = plain.evaluate(people)
        assert_same_bits(wanted, auto.evaluate(people))
        assert_same_bits(wanted, always.evaluate(people))
    with make(**options, fresh_env="never") as never:
        assert (never.evaluate(people).returns_r != wanted.returns_r).sum() >= 7


def test_what_a_reset_keeps_shows_late() -> None:
    options = {"trouble": "keeps_late", "length": 400}
    with make(pool_envs.new_walk, task_kwargs=options, episode_cap=300) as evaluator:
        assert evaluator.fresh_env


@pytest.mark.slow
def test_trying_an_environment_out_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three episodes of at least 12 steps are longer than a worker may say nothing."""
    monkeypatch.setattr(pools, "START_SECONDS", 6.0)
    with make(task_kwargs={"pause": 0.2}) as evaluator:
        assert not evaluator.fresh_env


def test_an_episode_may_raise_while_the_environment_is_tried_out() -> None:
    options: dict[str, Any] = {"trouble": "raise", "trouble_above": 0.0}
    with make(task_kwargs=options, behavior=pool_envs.describe) as evaluator:
        assert not evaluator.fresh_env
        with pytest.raises(EpisodeError, match=r"all 2 episodes failed; .*: ZeroDivisionError: the walk fell over"):
            evaluator.evaluate(people_of(evaluator, 2))


def test_an_environment_that_does_not_repeat_is_told_of() -> None:
    with pytest.warns(EpisodeWarning, match=r"answers differently under the same seed.*reset\(seed=...\)"):
        make(task_kwargs={"trouble": "unseeded"}).close()


def test_box2d_worlds_that_survive_a_reset_are_known() -> None:
    pytest.importorskip("Box2D")
    for task, fresh in (("BipedalWalker-v3", True), ("LunarLander-v3", False)):
        with make(task) as evaluator:
            assert evaluator.fresh_env == fresh
