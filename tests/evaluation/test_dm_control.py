"""dm_control's tasks by name: trained, gone on with, evaluated and looked at, as shimmy has them."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from helpers.subprocesses import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("shimmy") is None or find_spec("dm_control") is None, reason="pip install shimmy"),
]
TASK = "dm_control/pendulum-swingup-v0"
# An episode as Gymnasium plays it, its observations flattened by Gymnasium.
BY_HAND = """
import json, sys
import gymnasium, shimmy
import numpy as np
import bierl_fast as bf
from bierl_fast.evaluation.again import evaluator_of
from helpers.populations import population
policy = bf.Policy.load(sys.argv[1])
evaluator = evaluator_of(policy, workers=1)
people = population(policy.parameters, 2, 0.1)
batch = evaluator.evaluate(people)
for row in range(2):
    env = gymnasium.wrappers.FlattenObservation(gymnasium.make(policy.task))
    np.random.seed(0)
    acts = policy.with_parameters(evaluator.parameters(people, row))
    observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
    total, steps, over = 0.0, 0, False
    while not over:
        action = acts.act(observation).astype(env.action_space.dtype)
        observation, reward, terminated, truncated, _ = env.step(action)
        total, steps, over = total + float(reward), steps + 1, terminated or truncated
    assert (total, steps) == (batch.returns_r[row], batch.lengths_r[row]), (total, batch.returns_r[row])
    assert steps == 1000
evaluator.close()
print(json.dumps([policy.spec.parts, batch.returns_r.tolist()]))
"""


def bierl(*arguments: str) -> str:
    done = run(f"from bierl_fast.cli.main import entry; raise SystemExit(entry({arguments!r}))")
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_it_works_by_itself(tmp_path: Path) -> None:
    place = str(tmp_path / "run")
    small = ("--strategy", "ars", "--hidden", "none", "--population", "4", "--meta", "none", "--workers", "1")
    said = bierl("train", TASK, *small, "--generations", "1", "--run-dir", place)
    assert "an observation is one vector of 3: orientation 2, velocity 1" in said
    bierl("resume", place, "--generations", "2")
    found: dict[str, Any] = json.loads(bierl("evaluate", place, "--episodes", "1", "--json").partition("}")[0] + "}")
    assert found["mean_length"] == 1000
    code = BY_HAND.replace("sys.argv[1]", repr(f"{place}/policy.npz"))
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])[0] == "orientation 2, velocity 1"


def test_a_name_that_is_nearly_right() -> None:
    code = """
import pytest
import bierl_fast as bf
with pytest.raises(bf.BierlError, match="did you mean 'dm_control/pendulum-swingup-v0'"):
    bf.make_evaluator("dm_control/pendulum-swingupp-v0")
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
