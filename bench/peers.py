"""Env steps per second on HalfCheetah-v5 beside other ways to evaluate a generation's candidates.

1. The authors' way, written anew: for every candidate the parent builds a perturbed torch network (64x64 tanh, Gaussian
   with an evolved log standard deviation, noise from np.random.normal) and forks a process, all at once, which
   inherits the Gymnasium environment; every step makes a torch.distributions.Normal and samples it; results come
   back through a manager's queue. Ours runs the same generation, perturbation and action noise included, on all
   cores, and without observation normalisation, as they do.
2. The same idea as lean as it gets: deterministic policy, no autograd, no distribution, as many processes at a time
   as cores, parameters ready-made, results over pipes.
3. A loop over Gymnasium's step with a NumPy float32 policy, on one thread; ours on one thread.

In 2 and 3 all sides run the same candidates, drawn after a few generations of `es`, with the same observation
normalisation, from the same reset(seed). Peers sum in another order than ours, so their actions differ in the last
bits, and a contact simulation doubles such differences at every step or two. Hence three checks: on every observation
of our episodes the peer's action agrees with ours within a tolerance, so do the rewards of its own first steps, and
Gymnasium's loop with our compiled policy gives our returns exactly. Everywhere torch runs on one thread a process.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import torch
from common import Comparison, Report, arguments, compiled, interleaved, require
from peer_loops import (
    FIRST,
    LOG_STD,
    SIGMA,
    TASK,
    TOLERANCE,
    Act,
    Candidate,
    Env,
    Outcome,
    authors_generation,
    lean_generation,
    lean_torch_policy,
    mean_policy,
    numpy_policy,
    run_episode,
)

import bierl_fast as bf
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.machine import available_cores
from bierl_fast.messages import F32, F64


def trained(rows: int, generations: int, **policy: Any) -> tuple[Evaluator, bf.Population]:
    """An evaluator after a few generations of `es`, and the next generation's candidates."""
    evaluator = bf.make_evaluator(TASK, hidden=(64, 64), **policy)
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=32)
    hp = bf.Hyperparameters(sigma=SIGMA, learning_rate=0.02)
    for generation in range(generations):
        population = strategy.ask(hp, bf.NoiseKey(0, generation))
        batch = evaluator.evaluate(population)
        strategy.tell(population, batch)
        evaluator.absorb(batch)
    return evaluator, strategy.ask(hp, bf.NoiseKey(0, generations), candidates=rows)


def check_actions(env: Env, candidates: list[Candidate], peer_of: Callable[[bf.Policy], Act]) -> str:
    """Compare a peer's actions with ours on every observation of our episodes."""
    apart = 0.0
    for candidate in candidates:
        ours, peer = candidate.policy.act, peer_of(candidate.policy)

        def both(observation: F64, ours: Act = ours, peer: Act = peer) -> F32:
            nonlocal apart
            action = ours(observation)
            apart = max(apart, float(np.abs(action - peer(observation)).max()))
            return action

        run_episode(env, both, candidate.seed)
    require(apart <= TOLERANCE, f"actions on equal observations differ by up to {apart:g}")
    return f"actions on equal observations within {apart:.1g} (allowed {TOLERANCE:g})"


def check_outcomes(peer: list[Outcome], exact: list[Outcome]) -> str:
    """Compare a peer's episodes with those of the compiled policy."""
    require([o.length for o in peer] == [o.length for o in exact], "episode lengths differ")
    apart = max(float(np.abs(a.first_rewards - b.first_rewards).max()) for a, b in zip(peer, exact, strict=True))
    require(apart <= TOLERANCE, f"rewards of the first {FIRST} steps differ by up to {apart:g}")
    return f"equal lengths, rewards of the first {FIRST} steps within {apart:.1g}"


def rate(run: Callable[[], int]) -> Callable[[], float]:
    """Steps per second of something that answers with its steps."""

    def side() -> float:
        start = time.perf_counter()
        steps = run()
        return steps / (time.perf_counter() - start)

    return side


def against_authors(env: Env, rows: int, generations: int, repetitions: int, cores: int) -> Comparison:
    """Number 1."""
    gaussian = {"obs_norm": False, "action_noise": "evolved", "log_std": LOG_STD}
    evaluator, population = trained(rows, generations, threads=cores, **gaussian)
    center = compiled(evaluator.policy).with_parameters(population.base_bp[0])
    checked = check_actions(env, [Candidate(center, seed=0)], mean_policy)
    ours = evaluator.evaluate(population).steps
    theirs = sum(outcome.length for outcome in authors_generation(env, center, rows))
    require(ours == theirs, f"ours took {ours} env steps, the authors' way {theirs}")
    return Comparison(
        f"{TASK}, {rows} candidates, {cores} cores",
        "env steps/s",
        *interleaved(
            repetitions,
            rate(lambda: evaluator.evaluate(population).steps),
            rate(lambda: sum(outcome.length for outcome in authors_generation(env, center, rows))),
        ),
        baseline_name="the authors' way",
        same_work=f"{ours} env steps on both sides; without noise, {checked}",
        target=5.0,
    )


def against_loops(env: Env, rows: int, generations: int, repetitions: int, cores: int) -> list[Comparison]:
    """Numbers 2 and 3."""
    source, population = trained(rows, generations, obs_norm=True)
    policy = compiled(source.policy)
    candidates = [
        Candidate(policy.with_parameters(source.parameters(population, row)), source.reset_seed(population, row))
        for row in range(rows)
    ]
    exact = [run_episode(env, candidate.policy.act, candidate.seed) for candidate in candidates]

    def ours(threads: int) -> Callable[[], float]:
        evaluator = bf.make_evaluator(TASK, hidden=(64, 64), obs_norm=True, threads=threads)
        evaluator.load(source.state())
        batch = evaluator.evaluate(population)
        require(batch.lengths_r.tolist() == [o.length for o in exact], "our lengths differ from Gymnasium's")
        require(batch.returns_r.tolist() == [o.total for o in exact], "our returns differ from Gymnasium's")
        return rate(lambda: evaluator.evaluate(population).steps)

    def lean() -> list[Outcome]:
        return lean_generation(env, candidates, cores)

    def loop() -> list[Outcome]:
        return [run_episode(env, numpy_policy(c.policy), c.seed) for c in candidates]

    def compare(
        name: str, threads: int, peer: Callable[[], list[Outcome]], policy: Callable[[bf.Policy], Act]
    ) -> Comparison:
        actions, outcomes = check_actions(env, candidates, policy), check_outcomes(peer(), exact)
        return Comparison(
            f"{TASK}, {rows} candidates, {threads} thread{'s' * (threads != 1)}",
            "env steps/s",
            *interleaved(repetitions, ours(threads), rate(lambda: sum(outcome.length for outcome in peer()))),
            baseline_name=name,
            same_work=f"{sum(o.length for o in exact)} env steps on both sides, {outcomes}; {actions}; "
            "Gymnasium with our compiled policy gives our returns exactly",
        )

    return [
        compare("process per candidate, lean", cores, lean, lean_torch_policy),
        replace(compare("Gymnasium loop, NumPy policy", 1, loop, numpy_policy), target=1.5),
    ]


def make_env() -> Env:
    """Gymnasium's own; loading its model writes MUJOCO_LOG.TXT where it stands, so elsewhere."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return gymnasium.make(TASK)


def main() -> int:
    """Command line."""
    given = arguments(__doc__, repetitions=7).parse_args()
    rows, generations, repetitions = (2, 1, 1) if given.quick else (32, 20, given.repetitions)
    torch.set_num_threads(1)
    env, cores = make_env(), available_cores()
    report = Report("peers", __doc__, None if given.quick else given.out)
    report.add(against_authors(env, rows, generations, repetitions, cores))
    for comparison in against_loops(env, rows, generations, repetitions, cores):
        report.add(comparison)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
