"""What one run of a trial is worth: at its looks, as it goes, and at its end; kept in its directory.

    records of metrics.jsonl -> Looks -> (look, value), ...      value: of the latest reporting evaluation by then
    run at its end           -> scored -> score.json -> Score

Look k is where k / looks of the run's end is reached, in generations or env steps, so that runs with other populations
are looked at after equal shares. An evaluation without a number is NaN, which Optuna's pruners know; None: there was no
evaluation yet. The end of a run that diverged is minus infinity, which its samplers know as the worst.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from bierl_fast.comparison.measure import initial_return, mean_return
from bierl_fast.config.config import Config
from bierl_fast.files import json_object, read_text, write_text
from bierl_fast.run import build, metrics
from bierl_fast.run.callbacks import Callback, GenerationEvent, StartEvent
from bierl_fast.run.directory import RunDirectory
from bierl_fast.settings import checked_fields
from bierl_fast.trust import Trust

NAME = "score.json"
WORST = -math.inf


@dataclass(frozen=True, slots=True)
class Score:
    """What a run at its end is worth."""

    value: float | None  # None: it diverged, which is the worst
    env_steps: int
    looks: tuple[float | None, ...]  # look 1, 2, ... as far as it got; see the module
    numbered: tuple[bool, ...]  # whether that was a number; JSON has none that is not

    @property
    def by_look(self) -> dict[int, float | None]:
        """The value at each look that it got to, from look 1 on."""
        known = zip(self.looks, self.numbered, strict=True)
        return {number: value if numbered else math.nan for number, (value, numbered) in enumerate(known, start=1)}

    @property
    def end(self) -> float:
        """Its value."""
        return WORST if self.value is None else self.value


class Looks(Callback):
    """Tells a run's looks as they come."""

    def __init__(self, config: Config, looks: int, tell: Callable[[int, float | None], None]) -> None:
        self._config = config
        self._looks = looks
        self._tell = tell
        self._latest: float | None = None
        self._next = 1

    def at_start(self, event: StartEvent) -> None:
        """Those of a run that goes on, once more."""
        self.take(event.records)

    def after_generation(self, event: GenerationEvent) -> None:
        """Any that this generation reaches."""
        self.take([event.record])

    def take(self, records: Iterable[metrics.Record]) -> None:
        """The next generations' records."""
        for record in records:
            evaluation = record.get("evaluation")
            if evaluation is not None:
                mean = evaluation.get("mean_return")
                self._latest = math.nan if mean is None else float(mean)
            reached = self._reached(record)
            while self._next <= reached:
                self._tell(self._next, self._latest)
                self._next += 1

    def _reached(self, record: metrics.Record) -> int:
        ends = ((self._config.generations, record["generation"] + 1), (self._config.total_steps, record["env_steps"]))
        shares: list[int] = [self._looks * now // end for end, now in ends if end is not None]
        return min(max(shares), self._looks - 1)  # the last is the end itself


def scored(
    directory: RunDirectory,
    config: Config,
    *,
    objective: str,
    looks: int,
    episodes: int,
    seed: int,
    diverged: Exception | None,
    trust: Trust,
) -> None:
    """Write down what a run at its end is worth.

    Args:
        directory: the run's.
        config: the run's.
        objective: "final" or "best": which policy is evaluated on fresh episodes.
        looks: as many as there are of a whole run.
        episodes: how many fresh ones.
        seed: of their address.
        diverged: how it ended, where that was before its end.
        trust: the code that its policy may name.

    Raises:
        AllEpisodesError: every episode of the policy failed.
        Exception: `diverged`, where the policy that it began with has no return either: it is the task that fails.
    """
    value = None
    if diverged is None:
        file = directory.best_policy if objective == "best" and directory.best_policy.is_file() else directory.policy
        reached = mean_return(build.read_policy(file, trust), config, episodes, seed)
        value = reached if math.isfinite(reached) else None
    elif not math.isfinite(initial_return(config, episodes, seed)):
        raise diverged
    records, seen = metrics.read(directory.metrics), list[float | None]()
    Looks(config, looks, lambda _, value: seen.append(value)).take(records)
    score = Score(
        value=value,
        env_steps=records[-1]["env_steps"] if records else 0,
        looks=tuple(None if value is None or math.isnan(value) else value for value in seen),
        numbered=tuple(value is None or not math.isnan(value) for value in seen),
    )
    write_text(directory.path / NAME, json.dumps(asdict(score)) + "\n")


def read(directory: RunDirectory) -> Score | None:
    """What `scored` wrote; None where it has not, or where the file is damaged: it is quickly made anew."""
    try:
        return checked_fields(Score, json_object(read_text(directory.path / NAME)), ())
    except (OSError, ValueError):
        return None
