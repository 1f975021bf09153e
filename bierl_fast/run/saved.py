"""What a run left, for whoever shows it or takes it away.

run directory, policy.npz or Policy -> saved_policy -> SavedPolicy(policy, the return it reached)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.errors import RunDirectoryError
from bierl_fast.evaluation.base import Policy
from bierl_fast.run import build, metrics
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.reporting import achieved

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class SavedPolicy:
    """A policy, and what is known of it.

    Attributes:
        policy: it acts.
        config: the run's settings; None where there is no run.
        reached: return, what it is the return of, generation, env_steps; empty where there is no run, or none of its
            records is left.
    """

    policy: Policy
    config: Config | None
    reached: dict[str, Any]


def saved_policy(source: PathLike | Policy, best: bool = False) -> SavedPolicy:
    """The policy of a run directory, or of a policy.npz; a Policy is taken as it is.

    Args:
        source: where it is.
        best: of a run directory, the policy that evaluated best instead of the last.

    Raises:
        RunDirectoryError: no run there, no readable policy in it, or none that evaluated best.
    """
    if not isinstance(source, str | os.PathLike):
        _refuse_best(best, "a Policy")
        return SavedPolicy(source, None, {})
    path = Path(source)
    if path.is_file():
        _refuse_best(best, str(path))
        return SavedPolicy(build.read_policy(path), None, {})
    directory = RunDirectory(path)
    config = directory.read_config()
    if best and not directory.best_policy.is_file():
        raise RunDirectoryError(
            f"{path} has no best policy: its run made no reporting evaluations (--eval-interval N makes them); leave "
            "--best out for the last policy"
        )
    records = metrics.read(directory.metrics) if directory.metrics.is_file() else []
    policy = build.read_policy(directory.best_policy if best else directory.policy)
    return SavedPolicy(policy, config, _best_of(records) if best else _last_of(records))


def _refuse_best(best: bool, what: str) -> None:
    if best:
        raise RunDirectoryError(f"{what} is one policy: which evaluated best is known of a run directory alone")


def _last_of(records: list[metrics.Record]) -> dict[str, Any]:
    """What the last policy reached: its reporting evaluation's return, else the centre's, else its candidates' mean."""
    if not records:
        return {}
    last = records[-1]
    known = {
        "reporting evaluation": _evaluated(last),
        "centre": last.get("center_return"),
        "mean of candidates": last.get("mean_return"),
    }
    return _reached(last, *next(((of, value) for of, value in known.items() if value is not None), ("nothing", None)))


def _best_of(records: list[metrics.Record]) -> dict[str, Any]:
    """What the best policy reached; of equal evaluations the first is kept."""
    evaluated = [(reached, record) for record in records if (reached := _evaluated(record)) is not None]
    if not evaluated:
        return {}
    reached, record = max(evaluated, key=lambda pair: pair[0])
    return _reached(record, "reporting evaluation", reached)


def _evaluated(record: metrics.Record) -> float | None:
    evaluation = record.get("evaluation")
    return achieved(evaluation) if evaluation else None


def _reached(record: metrics.Record, of: str, value: float | None) -> dict[str, Any]:
    return {
        "return": value,
        "return_of": of,
        "generation": record["generation"],
        "env_steps": record.get("env_steps"),
    }
