"""What the trials of a sweep came to: a table for programs and one for people, and the best settings as a file.

Spec, Optuna's trials -> rows -> trials.csv, text; the best one's settings -> best.toml
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bierl_fast.columns import lines
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.files import write_text
from bierl_fast.run.metrics import dumps
from bierl_fast.sweeping import fitting, space
from bierl_fast.sweeping.order import COMPLETE, PRUNED
from bierl_fast.sweeping.record import ending_of
from bierl_fast.sweeping.spec import Spec

TRIALS, BEST = "trials.csv", "best.toml"
SHOWN = 10  # trials of the table for people
RUNNING = "running"


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial. None: there is no such number."""

    number: int
    state: str  # complete, pruned, failed or running
    value: float | None  # of a complete one; minus infinity: it diverged. Of a pruned one that of its last look
    settings: Mapping[str, Any]  # by name; an entry of a table as "task_kwargs.frame_skip"
    looks: Mapping[int, float] = field(default_factory=dict)  # by number, as far as it got
    returns: Mapping[int, float | None] = field(default_factory=dict)  # of each seed's run; None: it diverged
    env_steps: int | None = None  # of all its runs; of complete ones
    why: str = ""  # it failed


def rows(spec: Spec, trials: Sequence[Any]) -> list[TrialRow]:
    """A row for each of Optuna's frozen trials."""
    known = {each.name: each for each in spec.space}
    found = []
    for trial in trials:
        ending = ending_of(trial)
        state = RUNNING if ending is None else ending.state
        looks = dict(sorted(trial.intermediate_values.items()))
        last = next(reversed(looks.values()), None)
        returns = {int(seed): value for seed, value in trial.user_attrs.get("returns", {}).items()}
        found.append(
            TrialRow(
                number=trial.number,
                state=state,
                value=trial.value if state == COMPLETE else last if state == PRUNED else None,
                settings={name: known[name].value(trial.params[name]) for name in sorted(trial.params)},
                looks=looks,
                returns=returns,
                env_steps=trial.user_attrs.get("env_steps"),
                why="" if ending is None else ending.why,
            )
        )
    return found


def best_of(found: Sequence[TrialRow]) -> TrialRow | None:
    """The complete trial with the highest value, of equals the first; None without one that has a number."""
    complete = [row for row in found if row.state == COMPLETE and row.value is not None and math.isfinite(row.value)]
    return max(complete, key=lambda row: row.value or 0.0, default=None)


def settings_of(spec: Spec, row: TrialRow) -> Config:
    """The settings of a trial."""
    return fitting.config_of(spec, space.nested(row.settings))


def write(spec: Spec, found: Sequence[TrialRow], out: Path) -> None:
    """Write trials.csv, and best.toml once there is a best one; equal trials give equal bytes."""
    write_text(out / TRIALS, _csv(spec, found))
    best = best_of(found)
    if best is not None:
        write_text(out / BEST, toml.dumps(settings_of(spec, best)))


def _csv(spec: Spec, found: Sequence[TrialRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names, seeds = sorted(each.name for each in spec.space), spec.seeds
    writer.writerow(["number", "state", "value", *names, *(f"return_s{seed}" for seed in seeds), "env_steps", "why"])
    for row in found:
        settings = [_cell(row.settings.get(name)) for name in names]
        returns = [_number(row.returns[seed]) if seed in row.returns else None for seed in seeds]
        writer.writerow([row.number, row.state, row.value, *settings, *returns, row.env_steps, row.why])
    return text.getvalue()


def _number(value: float | None) -> float:
    return -math.inf if value is None else value


def _cell(value: Any) -> Any:
    """Lists, tables and switches as JSON has them."""
    return dumps(value) if isinstance(value, bool | list | tuple | Mapping) else value


def text(found: Sequence[TrialRow]) -> str:
    """The best trials as a table for people, the best first."""
    complete = [row for row in found if row.state == COMPLETE and row.value is not None]
    first = sorted(complete, key=lambda row: (-(row.value or 0.0), row.number))[:SHOWN]
    counts = {state: sum(row.state == state for row in found) for state in dict.fromkeys(row.state for row in found)}
    head = f"{len(found)} trials: {', '.join(f'{count} {state}' for state, count in counts.items())}"
    if not first:
        return head
    names = sorted({name for row in first for name in row.settings})
    table = [("trial", "return", *names)]
    for row in first:
        table.append((str(row.number), f"{row.value:.6g}", *(_short(row.settings.get(name)) for name in names)))
    return "\n".join([head, *lines(table)])


def _short(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(_cell(value))
