"""How good a finished run's policy is, beside the one it began with; kept in its directory.

    run directory, Config -> measure -> evaluation.json -> Evaluation

Fresh episodes, without action noise, the same ones for every run: their address holds a seed that no run has. A native
function is evaluated without its noise, so once is enough and the number is exact: a run is judged by where its centre
is. A Python function is called as often as there are episodes, because it may have noise of its own; the mean counts.

A run that diverged (all candidates of a generation failed, though the task runs with the policy it began with) has no
final return. It is at its end all the same: it goes into the statistics as the worst, or what kills runs would win.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from bierl_fast.config import resolve
from bierl_fast.config.config import Config
from bierl_fast.config.sections import default_of
from bierl_fast.errors import AllEpisodesError
from bierl_fast.evaluation.base import Policy
from bierl_fast.evaluation.policy.vector import VectorPolicy, native_functions
from bierl_fast.files import json_object, read_text, write_text
from bierl_fast.run import api, build, metrics
from bierl_fast.run.directory import RunDirectory
from bierl_fast.settings import checked_fields

NAME = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What fresh episodes say of a run. Returns are means over them."""

    env_steps: int  # that the run had spent
    diverged: bool  # before its planned end
    episodes: int
    seed: int  # of the episodes
    final_return: float | None  # None: it diverged, or is not finite
    initial_return: float | None  # of the policy that the run began with


def measure(
    directory: RunDirectory, config: Config, episodes: int, seed: int, diverged: Exception | None, trust: bool = False
) -> None:
    """Evaluate the policy of a run that is at its end, and the one it began with; write evaluation.json.

    Its policy is as `config` says, whose code is trusted; with `trust` it may name other code.

    Raises:
        AllEpisodesError: every episode of the policy failed, and the run did not end by that.
        Exception: `diverged`, where the initial policy has no return either; so it is the task that does not run.
    """
    records = metrics.read(directory.metrics)
    initial = initial_return(config, episodes, seed)
    if diverged is not None and not math.isfinite(initial):
        raise diverged
    saved = None if diverged else build.read_policy(directory.policy, trust or config.named_code())
    final = None if saved is None else mean_return(saved, config, episodes, seed)
    evaluation = Evaluation(
        env_steps=records[-1].get("env_steps", 0) if records else 0,
        diverged=diverged is not None,
        episodes=episodes,
        seed=seed,
        final_return=final,
        initial_return=initial,
    )
    write_text(directory.path / NAME, metrics.dumps(asdict(evaluation), indent=2) + "\n")


def read(directory: RunDirectory) -> Evaluation | None:
    """What `measure` wrote; None where it has not, or where the file is damaged: it is quickly made anew."""
    try:
        return checked_fields(Evaluation, json_object(read_text(directory.path / NAME)), ())
    except (OSError, ValueError):
        return None


def initial_return(config: Config, episodes: int, seed: int) -> float:
    """Of the policy that a run begins with; NaN where every episode failed."""
    try:
        return mean_return(_initial(config), config, episodes, seed)
    except AllEpisodesError:
        return math.nan


def _initial(config: Config) -> Policy:
    """The policy before the first generation, with the observation statistics it has then."""
    evaluator = build.make_evaluator(resolve.with_policy_settings(config))
    try:
        policy = evaluator.policy
        return policy.with_parameters(policy.initial_parameters(seed=config.seed))
    finally:
        evaluator.close()


def mean_return(policy: Policy, config: Config, episodes: int, seed: int) -> float:
    """Of a policy on fresh episodes of the run's task; AllEpisodesError where every one failed."""
    if isinstance(policy, VectorPolicy) and policy.task in native_functions():
        exact = replace(policy.spec, task_kwargs={**policy.task_kwargs, "noise": 0.0})
        policy, episodes = VectorPolicy(exact).with_parameters(policy.parameters), 1
    own = {name: value for name, value in build.own_settings(config).items() if value != default_of(name)}
    report: dict[str, Any] = api.evaluate(policy, episodes, seed, config.threads, **own)
    return float(report["mean_return"])
