"""Torch modules as policies, in worker processes and alone."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from helpers import torch_modules
from helpers.pool_evaluators import WALK, make, people_of, replay
from helpers.populations import assert_same_bits, population
from helpers.torch_modules import Double, Fatal, Heavy, Large, Noisy, Recurrent, Stacked, Unwelcome

import bierl_fast as bf
from bierl_fast.errors import ArchiveError
from bierl_fast.evaluation.again import evaluator_of
from bierl_fast.evaluation.policy.module_factory import ModuleFactory
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.saved import load_policy
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.torch_module import flat_parameters
from bierl_fast.evaluation.pool import pool
from bierl_fast.evaluation.pool.process import WorkerProcess


def module() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))


def compiled_order(theta: Any) -> Any:
    """Torch's weights are (outputs, inputs), ours (inputs, outputs)."""
    first, bias, second, rest = theta[:8].reshape(4, 2), theta[8:12], theta[12:16].reshape(1, 4), theta[16:]
    return np.concatenate([first.T.reshape(-1), bias, second.T.reshape(-1), rest])


@pytest.mark.slow  # each worker imports torch
def test_the_same_network_compiled_and_in_torch() -> None:
    """Sums in another order and another tanh: float32 noise, which 20 steps of the walk hardly multiply."""
    options: dict[str, Any] = {"action_noise": "fixed", "behavior": "actions", "hidden": (4,)}
    with make(policy=bf.TorchPolicy(module()), **options) as torch_side, make(**options) as ours:
        theta = torch_side.policy.initial_parameters()
        assert theta.shape == (17,)
        for generation in range(2):
            key = bf.NoiseKey(0, generation)
            one = torch_side.evaluate(population(theta, 4, 0.0, key))
            other = ours.evaluate(population(compiled_order(theta), 4, 0.0, key))
            np.testing.assert_array_equal(one.lengths_r, other.lengths_r)
            np.testing.assert_allclose(one.returns_r, other.returns_r, rtol=1e-4)
            assert one.behaviour_rd is not None
            assert other.behaviour_rd is not None
            np.testing.assert_allclose(one.behaviour_rd, other.behaviour_rd, rtol=1e-4, atol=1e-5)
            for evaluator in (torch_side, ours):
                evaluator.absorb(other)


@pytest.mark.slow  # each worker imports torch
def test_recurrent_modules_forget_at_an_episodes_start() -> None:
    evaluators = [make(policy=bf.TorchPolicy(Recurrent()), workers=n) for n in (1, 2)]
    people = people_of(evaluators[0], 6)
    batch, other = (evaluator.evaluate(people) for evaluator in evaluators)
    assert_same_bits(batch, other)
    env = gymnasium.make(WALK)
    for row in range(2):
        assert replay(evaluators[0], people, row, env)[0] == batch.returns_r[row]
    policy = evaluators[0].policy
    observation = np.ones(2)
    first, second = policy.act(observation), policy.act(observation)
    policy.reset()
    assert first != second
    assert policy.act(observation) == first
    assert pickle.loads(pickle.dumps(policy)).act(observation) == first
    for evaluator in evaluators:
        evaluator.close()


@pytest.mark.slow  # each worker imports torch
def test_a_module_may_keep_its_input() -> None:
    torch.manual_seed(0)
    keeps, copies = Stacked(), Stacked(copies=True)
    copies.load_state_dict(keeps.state_dict())
    with make(policy=bf.TorchPolicy(keeps)) as one, make(policy=bf.TorchPolicy(copies)) as other:
        people = people_of(one, 4)
        assert_same_bits(one.evaluate(people), other.evaluate(people))


@pytest.mark.slow  # each worker imports torch
def test_what_a_module_draws_has_an_address() -> None:
    with make(policy=bf.TorchPolicy(Noisy())) as one, make(policy=bf.TorchPolicy(Noisy()), workers=2) as other:
        people = people_of(one, 8, 0.0)
        batch = one.evaluate(people)
        np.testing.assert_array_equal(batch.returns_r[::2], batch.returns_r[1::2])  # pairs share an episode
        assert len(np.unique(batch.returns_r)) == 4
        for evaluator in (one, other):
            assert_same_bits(batch, evaluator.evaluate(people))


@pytest.mark.slow  # worker processes that load torch
def test_no_draw_of_the_parents_own_generator_is_touched() -> None:
    before = torch.get_rng_state()
    with make(policy=bf.TorchPolicy(module())) as evaluator:
        torch.set_rng_state(before)
        evaluator.policy.reset()
        evaluator.policy.act(np.zeros(2))
        evaluator.evaluate(people_of(evaluator, 2))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow  # worker processes that load torch
def test_a_module_that_a_worker_cannot_read() -> None:
    with pytest.raises(ValueError, match="no such module on"):
        make(policy=bf.TorchPolicy(Unwelcome()))


@pytest.mark.slow  # each worker imports torch
def test_a_module_that_ends_its_worker() -> None:
    with pytest.raises(RuntimeError, match=r"3 worker processes in a row .* the last one ended with exit code 9"):
        make(policy=bf.TorchPolicy(Fatal()))


@pytest.mark.slow  # each worker imports torch
def test_the_memory_that_a_worker_takes_for_a_module_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process loads torch and 64 MB: seen before the second worker starts."""
    started: list[Any] = []

    class Noted(WorkerProcess):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started.append(self)

    monkeypatch.setattr(pool, "WorkerProcess", Noted)
    monkeypatch.setattr(pool, "available_bytes", lambda: 2**26)  # a worker without its policy takes less
    with pytest.raises(ValueError, match=r"2 workers of about \d{2,3} MB each do not fit .*take at most 1 "):
        make(policy=bf.TorchPolicy(Large()), workers=2)
    assert len(started) == 1


@pytest.mark.slow  # each worker imports torch
def test_a_workers_imports_are_no_episodes_time() -> None:
    """They take longer than episode_timeout and the second past it, after which a worker that hangs is killed."""
    with make(policy=bf.TorchPolicy(Heavy()), episode_timeout=4.0) as evaluator:
        pids = evaluator.workers
        assert not evaluator.evaluate(people_of(evaluator, 4)).failed_r.any()
        assert evaluator.workers == pids


@pytest.mark.slow  # worker processes that load torch
def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    with make(policy=bf.TorchPolicy(module())) as evaluator:
        people = people_of(evaluator, 4)
        evaluator.absorb(evaluator.evaluate(people))
        policy = evaluator.policy.with_parameters(people.base_bp[0] * 2)
        wanted = evaluator.evaluate(people)
    policy.save(path)
    loaded = bf.TorchPolicy.load(path, module())
    np.testing.assert_array_equal(loaded.parameters, policy.parameters)
    assert loaded.act(np.ones(2)) == policy.act(np.ones(2))
    again: Any = evaluator_of(loaded, workers=1)
    np.testing.assert_array_equal(again.evaluate(people).returns_r, wanted.returns_r)
    again.close()
    with pytest.raises(ArchiveError, match=r"TorchPolicy\.load"):
        load_policy(path)
    with pytest.raises(ArchiveError, match=r"it was saved from a .*:Sequential with parameters"):
        bf.TorchPolicy.load(path, Recurrent())


def test_a_factory_is_called_at_the_seed() -> None:
    spec = PolicySpec("anything", 2, (-1.0,), (1.0,))
    policy = bf.TorchPolicy.made_by(ModuleFactory(torch_modules.sized), spec).for_task(spec, ObservationStatistics(2))
    before = torch.get_rng_state()
    start = policy.initial_parameters(seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert not np.array_equal(start, policy.initial_parameters(seed=4))
    torch.manual_seed(3)
    np.testing.assert_array_equal(start, bf.TorchPolicy(torch_modules.sized(2, 1)).parameters)
    np.testing.assert_array_equal(bf.TorchPolicy(module()).initial_parameters(3), flat_parameters(module()))


def test_what_is_refused() -> None:
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module, got int"):
        bf.TorchPolicy(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="every parameter of the module must be float32, got"):
        bf.TorchPolicy(torch.nn.Linear(2, 1).double())
    policy = bf.TorchPolicy(module())
    with pytest.raises(ValueError, match="has bound it to a task"):
        policy.act(np.zeros(2))
    with pytest.raises(ValueError, match="has bound it to a task"):
        policy.save("nowhere")
    with pytest.raises(ValueError, match="no log standard deviations to evolve"):
        make(policy=policy, action_noise="evolved")
    with pytest.raises(ValueError, match=r"with shape \(1,\) of torch.float32, got \(3,\) of torch.float32"):
        make(policy=bf.TorchPolicy(torch.nn.Linear(2, 3)))
    with pytest.raises(ValueError, match=r"with shape \(1,\) of torch.float32, got \(1,\) of torch.float64"):
        make(policy=bf.TorchPolicy(Double()))
    with pytest.raises(ValueError, match="a TorchPolicy runs in worker processes alone"):
        bf.make_evaluator("Hopper-v5", evaluator="native", policy=policy)
