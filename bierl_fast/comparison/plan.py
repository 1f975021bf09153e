"""Which runs a comparison consists of.

Spec -> plan -> [PlannedRun, ...]         in the order of the axes, seeds last
[PlannedRun, ...] -> check                their parts can be built
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bierl_fast.comparison.reading import Times, located
from bierl_fast.comparison.spec import Entry, Spec
from bierl_fast.config import toml
from bierl_fast.config.auto import decided
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError
from bierl_fast.evaluation.native import is_native
from bierl_fast.names import choice
from bierl_fast.run import build
from bierl_fast.run.directory import file_name
from bierl_fast.run.warm_start import easy_run, from_file

END = ("total_steps",)  # what every run ends by
MOST = 10_000  # runs: that many are planned in seconds


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run: where it stands in the comparison, and all its settings."""

    task: str
    strategy: str
    meta: str
    setting: str  # "" where there are none to choose among
    config: Config
    where: str  # the entries it comes from, for errors

    @property
    def seed(self) -> int:
        """Of its randomness."""
        return self.config.seed

    @property
    def steps(self) -> int:
        """Environment steps it may spend, all of them counted."""
        assert self.config.total_steps is not None
        return self.config.total_steps

    @property
    def fixed(self) -> bool:
        """Whether its hyperparameters stay as configured."""
        return self.config.meta == "none"

    @property
    def learns(self) -> bool:
        """Whether its meta-level is to learn in this run, within a budget above 0."""
        return self.config.learns

    @property
    def place(self) -> Path:
        """Its directory under the comparison's: runs/TASK/STRATEGY-META-SETTING-sSEED."""
        return place_of(self.task, self.strategy, self.meta, self.setting, self.seed)


def place_of(task: str, strategy: str, meta: str, setting: str, seed: int) -> Path:
    """A run's directory under the comparison's."""
    parts = filter(None, (strategy, meta, setting, f"s{seed}"))
    return Path("runs", file_name(task), "-".join(map(file_name, parts)))


def plan(spec: Spec) -> list[PlannedRun]:
    """Every run of a comparison.

    Raises:
        ConfigError: settings that do not go together, no run at all, two runs of one name, a run without total_steps,
            or runs of one task with different ones; the text names the entries.
    """
    with located(spec.source):
        _require_so_many(spec)
        runs = [run for entries in _combinations(spec) for run in _runs(spec, entries)]
        if not runs:
            raise ConfigError("no run is left; look at `only` and `except`")
        _require_one_place_each(runs)
        _require_equal_steps(runs)
        for name in spec.against or ():
            with located("against"):
                choice("meta-level", name, {run.meta for run in runs})
    return runs


def _require_so_many(spec: Spec) -> None:
    count = sum(len(entries["tasks"].seeds or spec.seeds) for entries in _combinations(spec))
    if count > MOST:
        raise ConfigError(f"a comparison has at most {MOST} runs, and this one {count}; lower seeds")


def check(spec: Spec, runs: Iterable[PlannedRun]) -> None:
    """Build the parts of every combination once, as its runs will, and take them down again.

    Raises:
        ConfigError: some part refuses its settings, or an optional package or a warm start is missing; the text names
            the entries.
    """
    seen = set()
    for run in runs:
        if run.where not in seen:
            seen.add(run.where)
            with located(f"{spec.source}: {run.where}"):
                config, easy = run.config, run.config.warm_start_task
                if easy is not None:  # training on it is the run's own
                    build.make_parts(easy_run(easy, config, config.warm_start_limit)).evaluator.close()
                build.make_parts(config, from_file(config)).evaluator.close()


def _combinations(spec: Spec) -> Iterator[dict[str, Entry]]:
    """One entry of each axis, where no `only` or `except` is against it."""
    for entries in itertools.product(*spec.axes.values()):
        chosen = dict(zip(spec.axes, entries, strict=True))
        names = {axis: entry.name for axis, entry in chosen.items()}
        if all(
            (entry.only is None or entry.only.matches(names))
            and (entry.excluded is None or not entry.excluded.matches(names))
            for entry in entries
        ):
            yield chosen


def _runs(spec: Spec, entries: Mapping[str, Entry]) -> Iterator[PlannedRun]:
    where = ", ".join(entry.where for entry in entries.values() if entry.name) or "base"
    with located(where):
        config, typed = decided(_config([spec.base, *entries.values()])), spec.base.settings.get("task")
        for seed in entries["tasks"].seeds or spec.seeds:
            if seed == spec.evaluation_seed:
                raise ConfigError(
                    f"seed {seed} is evaluation's too; give evaluation another, evaluation = {{seed = N}}", ["seed"]
                )
            yield PlannedRun(
                task=entries["tasks"].name or (typed if isinstance(typed, str) else config.task_name),
                strategy=entries["strategies"].name or config.strategy,
                meta=entries["meta_levels"].name or config.meta,
                setting=entries["settings"].name,
                config=config.replace(seed=seed),
                where=where,
            )


def named(config: Config, verb: str = "compare") -> Config:
    """The same settings with Python functions by their import paths, where another process finds them."""
    named = config.named()
    for what, path in (("task", named.task), ("behavior", named.behavior), ("policy", named.policy)):
        if isinstance(path, str) and path.startswith("<"):
            raise ConfigError(
                f"each run is a process of its own, which cannot import the {what} {path}; {verb} functions that "
                "stand at the top level of a module",
                [what],
            )
    return named


def _config(layers: Iterable[Entry]) -> Config:
    """One run's settings, apart from its seed: later layers win, and multiples are taken of what is in force."""
    values: dict[str, Any] = {}
    factors: dict[str, float] = {}
    for layer in layers:
        plain = {name: value for name, value in layer.settings.items() if not isinstance(value, Times)}
        values = toml.layered(values, plain)
        for name, value in layer.settings.items():
            if isinstance(value, Times):
                factors[name] = factors.get(name, 1.0) * value.factor
            else:
                factors.pop(name, None)
    config = named(toml.compose(values))
    config.check_names()
    if config.total_steps is None:
        raise ConfigError(
            "no end: give total_steps, the environment steps of each run, in [base] or with the task", END
        )
    config = config.replace(**one_core(config))
    return config.replace(**{name: _multiplied(config, name, factor) for name, factor in factors.items()})


def one_core(config: Config) -> dict[str, int]:
    """What keeps a run to one core."""
    native = not config.pooled and config.workers is None and is_native(config.task)
    return {"threads": 1} if native or config.dim is not None else {"threads": 1, "workers": 1}


def _multiplied(config: Config, name: str, factor: float) -> int | float:
    value = getattr(config, name)
    if value is None:
        value = _default(config.replace(meta="none", warm_start=None, warm_start_task=None), name)
    if value is None:
        raise ConfigError(f"{name} has no value that could be multiplied; give it one", [name])
    product = float(f"{value * factor:.15g}")  # 0.05 times 0.1 is 0.005, as a user would have typed it
    if isinstance(value, int) and not product.is_integer():
        raise ConfigError(f"{name} must stay a whole number, got {value} times {factor:g}", [name])
    return int(product) if isinstance(value, int) else product


def _default(config: Config, name: str) -> Any:
    """The strategy's own value of a setting that was left open; some depend on the number of parameters."""
    return getattr(_resolved(toml.dumps(config)), name)


@lru_cache(maxsize=64)
def _resolved(settings: str) -> Config:
    """Settings as TOML, with nothing left open."""
    parts = build.make_parts(toml.compose(tomllib.loads(settings)))
    parts.evaluator.close()
    return parts.config


def _require_one_place_each(runs: list[PlannedRun]) -> None:
    seen: dict[Path, PlannedRun] = {}
    for run in runs:
        if run.place in seen:
            raise ConfigError(f"{run.where} and {seen[run.place].where} would both run in {run.place}; rename one")
        seen[run.place] = run


def _require_equal_steps(runs: list[PlannedRun]) -> None:
    first: dict[str, PlannedRun] = {}
    for run in runs:
        other = first.setdefault(run.task, run)
        if run.steps != other.steps:
            raise ConfigError(
                f"runs of one task must spend equal total_steps, but {run.where} has {run.steps} and {other.where} "
                f"{other.steps}; give total_steps in [base] or with the task",
                END,
            )
