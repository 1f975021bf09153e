"""What a user calls: train, resume, evaluate.

    Config                          -> train    -> Result
    run directory                   -> resume   -> Result
    run directory, Result or Policy -> evaluate -> {name: number}

Nothing here prints, installs a signal handler, or keeps state between calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import Any

from bierl_fast.config import toml
from bierl_fast.config.auto import decided
from bierl_fast.config.config import Config
from bierl_fast.config.sections import functions, hints, of_this_machine, settings_of
from bierl_fast.errors import AllEpisodesError, RunWarning, counted, warn
from bierl_fast.evaluation.base import Policy
from bierl_fast.files import PathLike, as_path
from bierl_fast.messages import NoiseKey
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.run import build, cautions, checkpoint, loop, manifest, metrics
from bierl_fast.run.again import parts_again
from bierl_fast.run.callbacks import Callback
from bierl_fast.run.compact import Records
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.followers import Followers
from bierl_fast.run.loop import Run
from bierl_fast.run.record import Observer
from bierl_fast.run.reporting import of_each, reporting_population, summary, why_nothing
from bierl_fast.run.result import Result
from bierl_fast.run.saved import saved_policy
from bierl_fast.run.warm_start import noted, warm_start_of
from bierl_fast.settings import LONG, signed
from bierl_fast.tasks.mujoco_task import MujocoTask
from bierl_fast.tasks.resolve import shown_name
from bierl_fast.trust import Trust
from bierl_fast.values import checked

# No run gets here, so an evaluation's episodes are not those that some run reported on.
FRESH_GENERATION = 2**32 - 1


@public(numbers=False)
def train(
    config: Config,
    run_dir: PathLike | None = None,
    observer: Observer | None = None,
    warm_start_observer: Observer | None = None,
    callbacks: Sequence[Callback] = (),
) -> Result:
    """Train a policy.

    Example: `result = bf.train(bf.configure("Hopper-v5", total_steps=1_000_000), "runs/hopper")`; then
    `result.policy.act(observation)`, `result.plot()`, `bf.evaluate(result)`, `bf.resume("runs/hopper", ...)`.

    Args:
        config: every setting; needs generations or total_steps, and the run ends at whichever comes first.
        run_dir: where the run's files go, made if need be; None writes no files.
        observer: called after every generation with its record (metrics.jsonl's keys).
        warm_start_observer: the same, of the generations on `warm_start_task` before the run's own.
        callbacks: follow the run and may end it; see bf.Callback. What one raises ends the run, saved.

    Returns:
        A bf.Result: policy, parameters (P,) float32, metrics (a record for each generation), run_dir, best_policy (of
        reporting evaluations, eval_interval), and stopped, why a callback ended the run.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: a setting that cannot be.
        RunDirectoryError: `run_dir` already holds a run; it is left as it is.
        AllEpisodesError: every episode of every reporting evaluation failed; all was done and saved before.
        KeyboardInterrupt: as it came, once the last completed generation is saved; in the warm start, once what it has
            learned so far is in warm_start.npz, if it has learned anything.
    """
    directory = RunDirectory(as_path(run_dir, "run_dir")) if run_dir is not None else None
    if directory is not None:
        directory.require_free()
        cautions.of_the_unnamed(config)
    return _trained(config, directory, Followers(config, directory, observer, callbacks), warm_start_observer)


def _trained(
    config: Config,
    directory: RunDirectory | None,
    followers: Followers,
    warm_start_observer: Observer | None,
    again: bool = False,
) -> Result:
    """A run from its beginning to its end; `again`: the one whose config.toml is in the directory."""
    config.check_end()
    config = decided(config)
    started = time.perf_counter()
    warm_start, spent = _warm_start(config, directory, warm_start_observer, again)
    meta_seconds = time.perf_counter() - started if spent else 0.0
    parts = build.make_parts(config, warm_start)
    counters = checkpoint.Counters(warm_start_steps=spent)
    with closing(parts.evaluator):
        if directory is None:
            return _to_the_end(followers.run(parts, None, counters, meta_seconds), None)
        toml.dumps(parts.config)  # what cannot be saved leaves no directory behind
        with directory.taken(again):
            with ExitStack() as failed:
                failed.callback(directory.clear, keep_config=again)
                run = _begun(directory, followers, parts, counters, meta_seconds)
                failed.pop_all()
            return _to_the_end(run, directory)


def _warm_start(
    config: Config, directory: RunDirectory | None, observer: Observer | None, again: bool
) -> tuple[WarmStart | None, int]:
    if config.warm_start_task is None:
        return warm_start_of(config)
    build.make_parts(config).evaluator.close()  # what is refused is refused before the warm start, not after it
    if directory is None:
        return warm_start_of(config, observer=observer)
    with directory.before_the_run(again):
        return warm_start_of(config, directory.warm_start, observer)


def _begun(
    directory: RunDirectory,
    followers: Followers,
    parts: build.Parts,
    counters: checkpoint.Counters,
    meta_seconds: float,
) -> Run:
    """The run before its first generation, saved as such."""
    # The manifest first: it says that the files that follow are a run's own, and may go if it is killed here.
    manifest.create(directory.manifest, parts.config, noted(parts))
    directory.write_config(parts.config)
    run = followers.run(parts, directory, counters, meta_seconds)
    try:
        run.recorder.start(run.snapshot, saved=None)
    except BaseException:
        run.recorder.close()
        raise
    return run


@public(numbers=False)
@signed(**dict.fromkeys((*functions(), *of_this_machine())))
def resume(
    run_dir: PathLike,
    generations: int | None = None,
    total_steps: int | None = None,
    observer: Observer | None = None,
    *,
    trust: Trust = False,
    callbacks: Sequence[Callback] = (),
    log: Sequence[str] | None = None,
    **given: Any,
) -> Result:
    """Go on with a saved run; the outcome equals that of a run that was never stopped, bit for bit.

    Args:
        run_dir: a run's directory.
        generations: the run's new total, not an addition.
        total_steps: the run's new total of environment steps. Either one given, all old ends are forgotten, a
            target_return too; neither: the run's own ends stay.
        observer: as for `train`.
        trust: whether code that the run names (a task, policy or behavior by its import path) may be imported although
            this user did not train it here, or its directory was copied, moved or changed since; or which code.
        callbacks: as for `train`.
        log: the loggers from now on; None: the run's own.
        given: task, policy, behavior: the run's, given again, such as those of a script, which have no import path; and
            threads of the simulator, worker processes, from now on, as for a machine with another number of cores. Left
            out or None: the run's own.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: a new total, or a number of threads or worker processes, that cannot be; a task that has not the
            observations and actions that the run's had, or whose id stands for another one.
        TrustError: the run names code, and is not trusted; nothing was imported.
        RunDirectoryError, CheckpointError: no run there, a damaged one, or one that is under way in another process;
            its files are left as they are.

    A run that has already reached its end is left as it is, with a RunWarning that says so.
    """
    directory = RunDirectory(as_path(run_dir, "run_dir"))
    directory.require_run()
    again = {name: given.pop(name, None) for name in functions()}
    if not directory.learned:
        warn(f"the run in {directory.path} was stopped before its first checkpoint: it begins anew", RunWarning)
        config = _going_on(directory.read_to_run(trust, **again), generations, total_steps, log, given)
        followers = Followers(config, directory, observer, callbacks)
        return _trained(config, directory, followers, None, again=True)
    with directory.held():
        saved = directory.read_config()
        config = _going_on(directory.read_to_run(trust, **again), generations, total_steps, log, given)
        config.check_end()
        followers = Followers(config, directory, observer, callbacks)
        start = checkpoint.load(directory.checkpoint, saved)
        if loop.ended(config, start.counters):
            return _already_there(directory, start.counters, config)
        parts = parts_again(config, directory.policy, another=again["task"] is not None)
        with closing(parts.evaluator):
            best = _best(directory, start.counters, config)
            return _to_the_end(_restored(directory, followers, parts, start, best), directory)


def _going_on(
    config: Config, generations: int | None, total_steps: int | None, log: Sequence[str] | None, machine: dict[str, Any]
) -> Config:
    config = config.continued(generations, total_steps, **machine)
    return config if log is None else config.replace(log=tuple(log))


def _restored(
    directory: RunDirectory,
    followers: Followers,
    parts: build.Parts,
    start: checkpoint.Checkpoint,
    best: Policy | None,
) -> Run:
    loop.restore(parts, start)
    # Only now, when nothing can be refused any more, do files change.
    records = metrics.truncate(directory.metrics, start.counters.generation)
    directory.write_config(parts.config)
    manifest.resumed(directory.manifest, parts.config)
    run = followers.run(parts, directory, start.counters, records=records, best=best)
    run.recorder.start(run.snapshot, saved=start.counters.generation)
    return run


def _already_there(directory: RunDirectory, counters: checkpoint.Counters, config: Config) -> Result:
    warn(
        f"{directory.path} has already reached its end: {counted(counters.generation, 'generation')}, "
        f"{counters.env_steps} steps; nothing done (give a larger total to go on)",
        RunWarning,
    )
    policy = build.read_policy(directory.policy, config.named().named_code(), config.policy)
    # A killed run may have lines behind its checkpoint: they are none of what there is to speak of.
    records = Records(metrics.read(directory.metrics)[: counters.generation])
    best = _best(directory, counters, config)
    return Result(policy, policy.parameters, records, directory.path, best)


def _to_the_end(run: Run, directory: RunDirectory | None) -> Result:
    loop.train(run)
    if run.no_evaluation is not None and run.counters.best_return is None:
        raise AllEpisodesError(f"no evaluation of this run gave a number; of the last {run.no_evaluation}")
    stopped = None if loop.ended(run.config, run.counters) else run.following.stopped
    if stopped is None:
        cautions.of_no_meta_update(run.config, run.counters.meta_updates)
    path = directory.path if directory else None
    recorder = run.recorder
    return Result(run.policy_now(), run.strategy.mean, recorder.records, path, recorder.best_policy, stopped)


def _best(directory: RunDirectory, counters: checkpoint.Counters, config: Config) -> Policy | None:
    """`config`: the run's, whose code is trusted."""
    if counters.best_return is None:
        return None
    return build.read_policy(directory.best_policy, config.named().named_code(), config.policy)


@public(numbers=False)
@signed(**dict.fromkeys(build.OWN))
def evaluate(
    run_dir_or_policy: PathLike | Policy | Result,
    episodes: int = 100,
    seed: int = 0,
    threads: int | None = None,
    *,
    task: str | Callable[..., Any] | MujocoTask | None = None,
    policy: str | Callable[..., Any] | None = None,
    trust: bool = False,
    best: bool = False,
    each: bool = False,
    **own: Any,
) -> dict[str, Any]:
    """How good is a policy, on fresh episodes that no run has seen; no action noise, frozen statistics.

    Args:
        run_dir_or_policy: a run's directory, a policy.npz, a Result of train or resume, or a Policy.
        episodes: how many.
        seed: of their address; equal seeds give equal episodes.
        threads: of the simulator; None: the cores this process may use.
        task: another task, with as many observations and actions, in place of the policy's; such as one of a script,
            which has no import path. None: the policy's own.
        policy: what makes the torch module of a policy in a file, in place of what that names. None: what it names.
        trust: whether code that the file names (a task or policy by its import path) may be imported although this user
            did not train it here, or it was copied, moved or changed since.
        best: of a run, the policy that evaluated best (eval_interval) instead of the last.
        each: whether to tell of every episode, too.
        own: the evaluator, and settings that one kind of evaluator alone takes, by name, those of worker processes
            (PoolSettings) among them; what is left out is as when the policy was trained.

    Returns:
        task, seed, mean_return, std_return (ddof 0), min_return, max_return, episodes, mean_length, steps,
        episode_failures. An episode that failed counts with the lowest return of all. With `each` also returns, lengths
        and failed, a list each, in the order of the episodes; one that failed has its own return until then.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: episodes outside [1, 2**20], a seed outside [0, 2**64), or a setting of the evaluator that cannot
            be, or that the policy's evaluator does not take; `best` of what is no run.
        RunDirectoryError: no run there, no readable policy or config.toml in it, or none that evaluated best.
        TrustError: the file names code, and is not trusted; nothing was imported.
        AllEpisodesError: every episode failed.
        EpisodeError: an episode failed, and on_failure is "raise".
    """
    episodes = checked("episodes", episodes, int, {"at_least": 1, "at_most": LONG})
    threads = checked("threads", threads, int | None, settings_of()["threads"].metadata)
    seed = checked("seed", seed, int, settings_of()["seed"].metadata)
    for name in own:
        choice("setting of an evaluation", name, build.OWN, [name])
    own = {
        name: checked(name, value, hints()[name] | None, settings_of()[name].metadata) for name, value in own.items()
    }
    found = saved_policy(run_dir_or_policy, best=best, trust=trust, again={"task": task, "policy": policy})
    given = {name: value for name, value in own.items() if value is not None}
    population = reporting_population(found.policy.parameters, episodes, NoiseKey(seed, FRESH_GENERATION))
    given |= {"task": task, "trust": trust, "ran_by": found.ran_by}
    with closing(build.evaluator_of(found.policy, threads, **given)) as evaluator:
        batch = evaluator.evaluate(population)
        nothing = why_nothing(batch)
        if nothing is not None:
            raise AllEpisodesError(nothing)
        spec = getattr(evaluator.policy, "spec", None)
        name = shown_name(evaluator.policy.task, {} if spec is None else spec.task_kwargs)
        return {"task": name, "seed": seed, **summary(batch), **(of_each(batch) if each else {})}
