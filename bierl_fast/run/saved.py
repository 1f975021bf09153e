"""A trained policy, from wherever a user has it.

    run directory, policy.npz, Result or Policy -> saved_policy -> SavedPolicy: it, how it was run, what it reached

Code that a file names is asked about before anything of it is imported (trust.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bierl_fast.errors import ArgumentTypeError, ConfigError, RunDirectoryError, shown
from bierl_fast.evaluation.base import Policy
from bierl_fast.files import PathLike, as_path
from bierl_fast.run import build, metrics
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.reporting import achieved
from bierl_fast.trust import Trust


@runtime_checkable
class Trained(Protocol):
    """What a Result is here."""

    @property
    def policy(self) -> Policy:
        """The last."""

    @property
    def best_policy(self) -> Policy | None:
        """The one that evaluated best."""

    @property
    def metrics(self) -> Sequence[metrics.Record]:
        """One record a generation."""


Source = PathLike | Policy | Trained


@dataclass(frozen=True, slots=True)
class SavedPolicy:
    """A policy, and what is known of it.

    Attributes:
        policy: it acts.
        ran_by: the settings by which its run had its episodes run; empty where there is no run.
        reached: return, return_of (what it is the return of), generation, env_steps; empty where no record tells.
    """

    policy: Policy
    ran_by: dict[str, Any] = field(default_factory=dict)
    reached: dict[str, Any] = field(default_factory=dict)


def saved_policy(
    source: Source,
    name: str = "run_dir_or_policy",
    *,
    best: bool = False,
    trust: bool = False,
    again: Mapping[str, Any] | None = None,
    runs: bool = True,
) -> SavedPolicy:
    """The policy of a run, or of a policy.npz; a Policy is taken as it is.

    Args:
        source: where it is.
        name: of the argument, for errors.
        best: of a run, the policy that evaluated best instead of the last.
        trust: whether code that the files name may be imported although this user did not train it here.
        runs: whether its task is about to be run, so that a run's directory is asked about; what makes a torch module
            is asked about in any case.
        again: "task" and "policy", given in place of what the files name; None in it: as they say.

    Raises:
        ConfigError: `best` of what is no run, or a policy given again to one at hand.
        RunDirectoryError: no run there, no readable policy in it, or none that evaluated best.
        TrustError: the files name code, and are not trusted.
    """
    again = again or {}
    if isinstance(source, str | os.PathLike):
        return _from_files(as_path(source, name), best, trust, again, runs)
    if again.get("policy") is not None:
        raise ConfigError("policy is for one in a file; this one is at hand, with its module", ["policy"])
    if not isinstance(source, Trained):
        if not hasattr(source, "with_parameters"):
            raise ArgumentTypeError(f"{name} must be a path, a Policy or a Result, got {shown(source)}", [name])
        _refuse_best(best, "this is one policy")
        return SavedPolicy(source)
    if not best:
        return SavedPolicy(source.policy, reached=reached_last(source.metrics))
    if source.best_policy is None:
        raise RunDirectoryError("the run has no best policy: it made no reporting evaluations (eval_interval)")
    return SavedPolicy(source.best_policy, reached=reached_best(source.metrics))


def _from_files(path: Path, best: bool, trust: bool, again: Mapping[str, Any], runs: bool) -> SavedPolicy:
    if path.is_file():
        _refuse_best(best, f"{path} is one policy")
        return SavedPolicy(build.read_policy(path, trust, again.get("policy")))
    directory = RunDirectory(path)
    config = directory.read_to_run(trust, **again) if runs else directory.read_config()
    trusted: Trust = trust or (config.named_code() if runs else False)
    if best and not directory.best_policy.is_file():
        raise RunDirectoryError(
            f"{path} has no best policy: its run made no reporting evaluations (--eval-interval N makes them); leave "
            "--best out for the last policy"
        )
    file = directory.best_policy if best else directory.policy
    policy = build.read_policy(file, trusted, again.get("policy"))
    records = metrics.read(directory.metrics) if directory.metrics.is_file() else []
    return SavedPolicy(policy, build.own_settings(config), reached_best(records) if best else reached_last(records))


def _refuse_best(best: bool, what: str) -> None:
    if best:
        raise ConfigError(f"{what}; which one evaluated best is known of a run directory", ["best"])


def reached_last(records: Sequence[metrics.Record]) -> dict[str, Any]:
    """What the last policy reached: its reporting evaluation's return, else the centre's, else its candidates' mean."""
    if not records:
        return {}
    last = records[-1]
    known = {
        "reporting evaluation": _evaluated(last),
        "centre": last.get("center_return"),
        "mean of candidates": last.get("mean_return"),
    }
    return _reached(last, *next(((of, value) for of, value in known.items() if value is not None), (None, None)))


def reached_best(records: Sequence[metrics.Record]) -> dict[str, Any]:
    """What the best policy reached; of equal evaluations the first is kept."""
    evaluated = [(reached, record) for record in records if (reached := _evaluated(record)) is not None]
    if not evaluated:
        return {}
    reached, record = max(evaluated, key=lambda pair: pair[0])
    return _reached(record, "reporting evaluation", reached)


def _evaluated(record: metrics.Record) -> float | None:
    evaluation = record.get("evaluation")
    return achieved(evaluation) if evaluation else None


def _reached(record: metrics.Record, of: str | None, value: float | None) -> dict[str, Any]:
    return {"return": value, "return_of": of, "generation": record["generation"], "env_steps": record.get("env_steps")}
