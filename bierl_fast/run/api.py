"""What a user calls: train, resume, evaluate.

    Config                  -> train    -> Result
    run directory           -> resume   -> Result
    run directory or Policy -> evaluate -> {name: number}

Nothing here prints, installs a signal handler, or keeps state between calls.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.config.sections import of_this_machine, settings_of
from bierl_fast.errors import RunWarning, warn
from bierl_fast.evaluation.base import Policy
from bierl_fast.messages import F32, NoiseKey
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.names import choice
from bierl_fast.run import build, checkpoint, loop, manifest, metrics
from bierl_fast.run.compact import Records
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loop import Run
from bierl_fast.run.record import Observer, Recorder
from bierl_fast.run.reporting import reporting_population, summary
from bierl_fast.run.warm_start import noted, warm_start_of
from bierl_fast.settings import LONG, signed
from bierl_fast.values import checked

PathLike = str | os.PathLike[str]
# No run gets here, so an evaluation's episodes are not those that some run reported on.
FRESH_GENERATION = 2**32 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a run came to."""

    policy: Policy  # act(observation) -> action, with its observation statistics
    parameters: F32  # (P,)
    metrics: Sequence[metrics.Record]  # one record a generation, from the run's first on; slices are lists
    run_dir: Path | None
    best_policy: Policy | None = None  # of the reporting evaluations' (eval_interval); None without one


def train(
    config: Config,
    run_dir: PathLike | None = None,
    observer: Observer | None = None,
    warm_start_observer: Observer | None = None,
) -> Result:
    """Train a policy.

    Args:
        config: every setting; needs generations or total_steps, and the run ends at whichever comes first.
        run_dir: where the run's files go, made if need be; None writes no files.
        observer: called after every generation with its record (metrics.jsonl's keys).
        warm_start_observer: the same, of the generations on `warm_start_task` before the run's own.

    Raises:
        ConfigError: a setting that cannot be.
        RunDirectoryError: `run_dir` already holds a run; it is left as it is.
        KeyboardInterrupt: as it came, once the last completed generation is saved; in the warm start, once what it has
            learned so far is in warm_start.npz, if it has learned anything.
    """
    config.check_end()
    directory = RunDirectory(Path(run_dir)) if run_dir is not None else None
    if directory is not None:
        directory.require_free()
    started = time.perf_counter()
    warm_start, spent = _warm_start(config, directory, warm_start_observer)
    meta_seconds = time.perf_counter() - started if spent else 0.0
    parts = build.make_parts(config, warm_start)
    counters = checkpoint.Counters(warm_start_steps=spent)
    with closing(parts.evaluator):
        if directory is None:
            return _to_the_end(Run(parts, Recorder(parts.config, None, observer), counters, meta_seconds), None)
        directory.create(parts.config)
        with directory.held():
            return _to_the_end(_begun(directory, parts, counters, meta_seconds, observer), directory)


def _warm_start(
    config: Config, directory: RunDirectory | None, observer: Observer | None
) -> tuple[WarmStart | None, int]:
    if config.warm_start_task is None:
        return warm_start_of(config)
    build.make_parts(config).evaluator.close()  # what is refused is refused before the warm start, not after it
    if directory is None:
        return warm_start_of(config, observer=observer)
    with directory.before_the_run():
        return warm_start_of(config, directory.warm_start, observer)


def _begun(
    directory: RunDirectory,
    parts: build.Parts,
    counters: checkpoint.Counters,
    meta_seconds: float,
    observer: Observer | None,
) -> Run:
    """The run before its first generation, saved as such."""
    with ExitStack() as failed:
        failed.callback(directory.clear)
        manifest.create(directory.manifest, parts.config, noted(parts))
        run = Run(parts, Recorder(parts.config, directory, observer), counters, meta_seconds)
        failed.callback(run.recorder.close)
        run.recorder.start(run.snapshot, saved=None)
        failed.pop_all()
    return run


@signed(**dict.fromkeys(of_this_machine()))
def resume(
    run_dir: PathLike,
    generations: int | None = None,
    total_steps: int | None = None,
    observer: Observer | None = None,
    **machine: int | None,
) -> Result:
    """Go on with a saved run; the outcome equals that of a run that was never stopped, bit for bit.

    Args:
        run_dir: a run's directory.
        generations: the run's new total, not an addition.
        total_steps: the run's new total of environment steps. Either one given, all old ends are forgotten, a
            target_return too; neither: the run's own ends stay.
        observer: as for `train`.
        machine: threads of the simulator, worker processes, from now on, as for a machine with another number of cores;
            left out or None: the run's own.

    Raises:
        ConfigError: a new total, or a number of threads or worker processes, that cannot be.
        RunDirectoryError, CheckpointError: no run there, a damaged one, or one that is under way in another process;
            its files are left as they are.

    A run that has already reached its end is left as it is, with a RunWarning that says so.
    """
    directory = RunDirectory(Path(run_dir))
    directory.require_run()
    with directory.held():
        saved = directory.read_config()
        config = saved.continued(generations, total_steps, **machine)
        config.check_end()
        start = checkpoint.load(directory.checkpoint, saved)
        if loop.ended(config, start.counters):
            return _already_there(directory, start.counters)
        parts = build.make_parts(config)
        with closing(parts.evaluator):
            return _to_the_end(_restored(directory, parts, start, observer), directory)


def _restored(
    directory: RunDirectory, parts: build.Parts, start: checkpoint.Checkpoint, observer: Observer | None
) -> Run:
    loop.restore(parts, start)
    # Only now, when nothing can be refused any more, do files change.
    records = metrics.truncate(directory.metrics, start.counters.generation)
    directory.write_config(parts.config)
    manifest.resumed(directory.manifest, parts.config)
    run = Run(parts, Recorder(parts.config, directory, observer, records), start.counters)
    run.recorder.start(run.snapshot, saved=start.counters.generation)
    return run


def _already_there(directory: RunDirectory, counters: checkpoint.Counters) -> Result:
    warn(
        f"{directory.path} has already reached its end: {counters.generation} generations, "
        f"{counters.env_steps} steps; nothing done (give a larger total to go on)",
        RunWarning,
    )
    policy = build.read_policy(directory.policy)
    records, best = Records(metrics.read(directory.metrics)), _best(directory, counters)
    return Result(policy, policy.parameters, records, directory.path, best)


def _to_the_end(run: Run, directory: RunDirectory | None) -> Result:
    loop.train(run)
    if run.config.learns and run.counters.meta_updates == 0:
        meant = "its hyperparameters never moved"
        instead = ""
        if run.config.warm:
            meant = "its generator stayed as it began"
            instead = ", or take meta_budget 0, which leaves it so on purpose"
        warn(
            f"the run ended before the first update of its meta-level {run.config.meta!r}: {meant}; train longer, or "
            f"raise meta_budget or lower meta_interval{instead}",
            RunWarning,
        )
    policy = run.evaluator.policy.with_parameters(run.strategy.mean)
    path, best = (directory.path if directory else None), run.recorder.best_policy
    if best is None and directory is not None:
        best = _best(directory, run.counters)
    return Result(policy, run.strategy.mean, run.recorder.records, path, best)


def _best(directory: RunDirectory, counters: checkpoint.Counters) -> Policy | None:
    return None if counters.best_return is None else build.read_policy(directory.best_policy)


@signed(**dict.fromkeys(build.OWN))
def evaluate(
    run_dir_or_policy: PathLike | Policy,
    episodes: int = 100,
    seed: int = 0,
    threads: int | None = None,
    **own: Any,
) -> dict[str, Any]:
    """How good is a policy, on fresh episodes that no run has seen; no action noise, frozen statistics.

    Args:
        run_dir_or_policy: a run's directory, a policy.npz, or a Policy.
        episodes: how many.
        seed: of their address; equal seeds give equal episodes.
        threads: of the simulator; None: the cores this process may use.
        own: settings that one kind of evaluator alone takes, by name, those of worker processes (PoolSettings) among
            them; what is left out is as in the run, or the default where a policy is given.

    Returns:
        task, seed, mean_return, std_return (ddof 0), min_return, max_return, episodes, mean_length, steps,
        episode_failures. An episode that failed counts with the lowest return of all.

    Raises:
        ConfigError: episodes outside [1, 2**20], a seed outside [0, 2**64), or a setting of the evaluator that cannot
            be.
        RunDirectoryError: no run there, or no readable policy or config.toml in it.
        EpisodeError: an episode failed, and on_failure is "raise".
    """
    episodes = checked("episodes", episodes, int, {"at_least": 1, "at_most": LONG})
    threads = checked("threads", threads, int | None, settings_of()["threads"].metadata)
    seed = checked("seed", seed, int, settings_of()["seed"].metadata)
    for name in own:
        choice("setting of an evaluation", name, build.OWN, [name])
    policy, how = _policy(run_dir_or_policy)
    how |= {name: value for name, value in own.items() if value is not None}
    population = reporting_population(policy.parameters, episodes, NoiseKey(seed, FRESH_GENERATION))
    with closing(build.evaluator_of(policy, threads, **how)) as evaluator:
        return {"task": policy.task, "seed": seed, **summary(evaluator.evaluate(population))}


def _policy(source: PathLike | Policy) -> tuple[Policy, dict[str, Any]]:
    """A policy, and how its run had its episodes run, as far as that is known."""
    if not isinstance(source, str | os.PathLike):
        return source, {}
    path = Path(source)
    if path.is_file():
        return build.read_policy(path), {}
    directory = RunDirectory(path)
    config = directory.read_config()
    own = build.own_settings(config)
    own |= dict.fromkeys(own.keys() & set(of_this_machine()))  # whoever evaluates may have another
    return build.read_policy(directory.policy), own
