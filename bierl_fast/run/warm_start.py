"""What a run's generator starts from: a file, or what it learned on an easy task just before.

Config -> warm_start_of -> WarmStart, env steps spent here
task, Config -> easy_run -> Config -> learned_on -> WarmStart
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from bierl_fast import kernels
from bierl_fast.config import auto, resolve
from bierl_fast.config.config import Config
from bierl_fast.config.sections import defaults_of
from bierl_fast.errors import ArchiveError, ConfigError, RunWarning, warn
from bierl_fast.evaluation.native import is_native
from bierl_fast.evaluation.policy.vector import native_functions
from bierl_fast.evaluation.table import OWN
from bierl_fast.messages import F32, NoiseKey, Stream
from bierl_fast.meta.generator_file import GeneratorShape, WarmStart, packaged
from bierl_fast.meta.settings import GeneratorSettings
from bierl_fast.run import build, loop
from bierl_fast.run.interruption import Writing, saving_when_asked
from bierl_fast.run.record import Observer, Recorder


def warm_start_of(
    config: Config, save_as: Path | None = None, observer: Observer | None = None
) -> tuple[WarmStart | None, int]:
    """What a new run's generator starts from, and the env steps that were spent on it here.

    Args:
        config: the run's.
        save_as: see learned_on; a file that was given is not written again.
        observer: see learned_on.

    Raises:
        ConfigError: there is no such file, it is no warm start, the task cannot be trained on, or it took every step
            that the run has.
    """
    if config.warm_start_task is not None:
        found = learned_on(config.warm_start_task, config, config.warm_start_limit, save_as=save_as, observer=observer)
        if config.total_steps is not None and found.steps >= config.total_steps:
            where = f"; what it learned is in {save_as}" if save_as else ""
            raise ConfigError(
                f"the last generation of the warm start ended at {found.steps} steps, which leaves none of total_steps "
                f"{config.total_steps}; lower warm_start_limit or raise total_steps{where}",
                ["warm_start_limit", "total_steps"],
            )
        return found, found.steps
    return from_file(config), 0


def from_file(config: Config) -> WarmStart | None:
    """The warm start that `config` names a file of; None where it names none.

    Raises:
        ConfigError: there is no such file, or it is no warm start.
    """
    if config.warm_start is None:
        return None
    try:
        return WarmStart.load(config.warm_start)
    except ArchiveError as error:
        known = ", ".join(packaged()) or "none"
        raise ConfigError(f"warm_start: {error}; the package's own: {known}", ["warm_start"]) from error


def with_file(config: Config) -> Config:
    """`config` with what the generator in its warm start's file is made of, the meta-level's name included.

    Raises:
        ConfigError: see from_file; or `config` asks for another generator than it has.
    """
    found = from_file(config)
    return auto.decided(config) if found is None else resolve.with_warm_start(auto.decided(config, found), found)


def noted(parts: build.Parts) -> dict[str, Any] | None:
    """What a manifest says of a run's warm start."""
    found, config = parts.warm_start, parts.config
    if found is None:
        return None
    reused = config.warm_start is not None
    source = config.warm_start or config.warm_start_task
    return {"source": source, "reused": reused, "steps": found.steps, "fingerprint": found.fingerprint}


def easy_run(task: str, config: Config, steps: int, index: int = 0) -> Config:
    """The ordinary run of `steps` env steps, with these settings, by which a generator learns on a task.

    What belongs to the task of `config` alone stays behind: keyword arguments, `dim` unless `task` is a native function
    too, worker processes where `task` runs on threads, and a budget of 0, with which nothing is learned.

    Args:
        task: what to learn on.
        config: the run that the generator is for.
        steps: env steps.
        index: which of the tasks of one warm start; each has its own randomness, and the run itself another.

    Raises:
        ConfigError: `task` is a native function, and there is no `dim`.
    """
    config = auto.decided(config)
    function = task in native_functions()
    if function and config.dim is None:
        raise ConfigError(
            f"to learn on the function {task!r} takes dim, the number of its parameters, and there is none here; "
            f"learn on it first, `bierl pretrain {task} --credit one_step --dim N --out FILE`, and give that as "
            "warm_start",
            ["warm_start_task", "dim"],
        )
    changes: dict[str, Any] = {"dim": config.dim if function else None}
    if function or (not config.pooled and is_native(task)):
        changes |= {name: field.default for section in OWN for name, field in section.settings().items()}
    if not config.learns:
        changes |= defaults_of("meta_budget")
    return config.replace(
        task=task,
        task_kwargs={},
        vectorized=False,
        seed=kernels.learner_seed(NoiseKey(config.seed, index, Stream.PRETRAIN)),
        warm_start=None,
        warm_start_task=None,
        generations=None,
        total_steps=steps,
        eval_interval=0,
        target_return=None,
        **changes,
    )


def learned_on(
    task: str,
    config: Config,
    steps: int,
    start: WarmStart | None = None,
    save_as: Path | None = None,
    observer: Observer | None = None,
) -> WarmStart:
    """The generator after an ordinary run on `task`, by one-step credit.

    Args:
        task: what to learn on.
        config: see easy_run.
        steps: env steps.
        start: what the generator goes on from: what it learned on the tasks before, by the same settings.
        save_as: the file for what was learned, written at the end, or when Ctrl-C comes after the first meta-update.
        observer: called after every generation with its record (metrics.jsonl's keys).
    """
    from bierl_fast.meta.learned import LearnedMeta  # noqa: PLC0415 - loads torch

    before = list(start.made["tasks"]) if start else []
    parts = build.make_parts(easy_run(task, config, steps, len(before)), start)
    with closing(parts.evaluator):
        meta = parts.meta
        if not isinstance(meta, LearnedMeta):
            raise ConfigError(f"a warm start is a generator's, and the meta-level {config.meta!r} has none", ["meta"])
        run = loop.Run(parts, Recorder(parts.config, observer=observer))
        made = {"credit": "one_step", "tasks": [*before, task], "seed": config.seed}

        def save() -> bool:
            if save_as is None or (start is None and run.counters.meta_updates == 0):
                return False
            with writing:
                _learned(run, meta.weights, start, {**made, "interrupted": True}).save(save_as)
            return True

        writing = Writing(save)
        try:
            with saving_when_asked(writing.save):
                loop.train(run)
        except KeyboardInterrupt:
            save()
            raise
    if run.counters.meta_updates == 0:
        warn(
            f"the warm start on {task} ended before its first meta-update: it learned nothing; give it more steps, or "
            "raise meta_budget or lower meta_interval",
            RunWarning,
        )
    found = _learned(run, meta.weights, start, made)
    if save_as is not None:
        found.save(save_as)
    return found


def _learned(run: loop.Run, weights: F32, start: WarmStart | None, made: dict[str, Any]) -> WarmStart:
    spent = run.counters.env_steps + (start.steps if start else 0)
    return WarmStart(shape_of(run.config), weights, spent, made)


def shape_of(config: Config) -> GeneratorShape:
    """What a run's generator is; `config` has nothing left open."""
    names = GeneratorShape.__dataclass_fields__
    values = {name: getattr(config, name) for name in names}
    return GeneratorShape(**values | {"signals": config.section(GeneratorSettings).window})
