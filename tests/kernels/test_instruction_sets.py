"""The same bits from SSE2, AVX2 and AVX-512. The choice is read once a process, so each set gets one of its own."""

from __future__ import annotations

import re
from subprocess import CompletedProcess

import pytest
from helpers import subprocesses

from bierl_fast._native import core

HASHES = """
import hashlib
import numpy as np
from bierl_fast import kernels
from bierl_fast._native import core
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.messages import Hyperparameters, NoiseKey, Population

def show(name, array):
    print(name, hashlib.sha256(array.tobytes()).hexdigest())

key, count = NoiseKey(3, 4), 100_003
noise = kernels.normals(key, 5, count)
show("normals", noise)
show("perturb", kernels.perturb(noise, 0.03, key, 6))
show("scaled perturb", kernels.perturb(noise, 0.03, key, 6, scale=noise))
rows = np.arange(9, dtype=np.uint32)
show("gradient", kernels.gradient(key, rows, noise[:9].copy(), count))
show("scale gradient", kernels.scale_gradient(key, rows, noise[:9].copy(), count))
behaviours = noise[: 1500 * 17].astype(np.float64).reshape(1500, 17)
show("k nearest", kernels.knn_mean_distance(behaviours[:100] + 0.1, behaviours, 10))
observation = noise[:17].astype(np.float64)
for activation in ("tanh", "relu"):
    for squash in ("clip", "tanh"):
        for hidden in ((), (3,), (64, 64), (33, 100, 7)):
            spec = PolicySpec("t", 17, (-2.0,) * 6, (2.0,) * 6, {}, hidden, activation, squash)
            policy = MlpPolicy(spec, ObservationStatistics(17))
            show(spec, policy.with_parameters(noise[: policy.parameter_count]).act(observation))
rows_r = np.arange(9, dtype=np.int32)
population = Population(
    noise[None, :300].copy(), 0 * rows_r, np.full(9, 0.3, np.float32), rows_r, np.full(9, -1, np.int8), rows_r, rows_r,
    Hyperparameters(), key,
)
for name in core.function_names():
    function = core.TestFunction(name, 300, rotation_seed=1, shift_radius=2.0)
    returns = np.empty(9)
    core.FunctionRollout(function, 0.1, 1).evaluate(population, returns)
    show(name, returns)
print(core.build_info()["instruction_set"])
"""


def run(instruction_set: str, script: str = HASHES) -> CompletedProcess[str]:
    return subprocesses.run(script, BIERL_INSTRUCTION_SET=instruction_set)


def runnable() -> list[str]:
    """What this processor runs, from the error that names it."""
    named = re.search(r"this processor runs: ([a-z0-9, ]+)", run("none such").stderr)
    assert named is not None
    return named.group(1).strip().split(", ")


def test_every_set_gives_the_same_bits() -> None:
    sets = runnable()
    assert core.build_info()["instruction_set"] in sets
    answers = {}
    for name in sets:
        done = run(name)
        assert done.returncode == 0, done.stderr
        *answers[name], used = done.stdout.splitlines()
        assert used == name
        assert len(answers[name]) == 6 + 16 + 4
    assert all(answer == answers[sets[0]] for answer in answers.values())
    assert len(sets) >= 2, f"only {sets} here: nothing was compared"


@pytest.mark.parametrize("name", ["avx1024", "AVX2"])
def test_an_unknown_set_is_a_clear_error(name: str) -> None:
    done = run(name, "from bierl_fast._native import core; core.build_info()")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: BIERL_INSTRUCTION_SET is '{name}'; this processor runs: ")


def test_an_empty_variable_is_none() -> None:
    done = run("", "from bierl_fast._native import core; print(core.build_info()['instruction_set'])")
    assert done.stdout.strip() == runnable()[0]
