"""How `bierl pretrain` makes a warm start.

    tasks -> pretrain -> FILE.npz

Two kinds of credit: "run", whole inner runs over many cheap problems (trainer.py), and "one_step", the paper's way: a
generator that learned along with an ordinary run on an easy task.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.config.sections import OLD_NAMES
from bierl_fast.errors import ConfigError
from bierl_fast.evaluation.native import native_ids
from bierl_fast.files import as_path, locked
from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.encoder import ENCODERS
from bierl_fast.meta.generator import make_generator
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.outputs import Outputs
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings
from bierl_fast.meta.signals import riders_of
from bierl_fast.names import choice
from bierl_fast.pretraining.plan import ADAPTED, LONG_ONES, ON_LONG_RUNS, SUITED, PretrainSettings
from bierl_fast.pretraining.problem import FUNCTIONS
from bierl_fast.pretraining.problems import DISTRIBUTIONS
from bierl_fast.pretraining.settings import config_of
from bierl_fast.pretraining.trainer import Pretraining
from bierl_fast.public import public
from bierl_fast.run.interruption import Writing, end_if_told, saving_when_asked
from bierl_fast.run.warm_start import learned_on, shape_of
from bierl_fast.settings import FAR, LONG, renamed
from bierl_fast.values import checked

ROUNDS = 300
STEPS = 500_000
SAVED_EVERY = 10  # rounds
Watcher = Callable[[dict[str, Any]], None]


@public(numbers=False)
def pretrain(
    out: str | os.PathLike[str],
    tasks: Sequence[str] = (),
    *,
    credit: str = "run",
    distribution: str | None = None,
    rounds: int | None = None,
    horizon: int | None = None,
    steps: int | None = None,
    resume: bool = False,
    observer: Watcher | None = None,
    base: Mapping[str, Any] | None = None,
    **settings: Any,
) -> WarmStart:
    """Train a generator for warm starts and write it to a file.

    Args:
        out: the file; it must not exist unless `resume`.
        tasks: of credit "run": native test functions and native tasks to draw problems from; none: the distribution of
            pretraining/problems.py. Of credit "one_step": the tasks to learn on, one after the other, at least one.
        credit: "run": whole inner runs over many cheap problems, from starts mis-set by up to 30 times; "one_step": the
            return after one step, along with ordinary runs, as the paper does.
        distribution: of credit "run", what problems are drawn from: "standard", "wide", or "long": whole runs from
            starts mis-set by up to 100 times, with riders, validated on problems of other kinds (long_runs.py). None:
            as suits the generator.
        rounds: of credit "run", in all; None: ROUNDS, or the horizon of the file that is gone on with.
        horizon: of credit "run": the rounds over which its learning rate falls; further ones keep the last rate. It
            stays with the file. None: `rounds`.
        steps: env steps on each task of credit "one_step"; None: STEPS.
        resume: go on to `rounds` with the training that the file holds, as if it had never stopped; of credit "run"
            alone. What is not given is the file's.
        observer: called after every round with round, rounds, wins (share of its problems on which the generator ended
            better than the hyperparameters it was given) and env_steps, on long runs every fifth time with validated
            (see validation.Validated), by name; of credit "one_step" after every generation
            with its record (metrics.jsonl's keys), task, and steps as above.
        base: settings of a preset or file (toml.read_preset, toml.read) for credit "one_step"; see config_of.
        settings: of credit "run": what the generator is, with small defaults, seed, and threads (which change nothing
            but the time it takes); of "one_step": any of a run's that is not about its task, end or start, with a run's
            defaults.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: a setting that cannot be or is not used, an unknown task, a file that exists or
            holds another training, or is being trained by another process.
        KeyboardInterrupt: as it came, once the last round is saved; of credit "one_step", what was learned so far.
    """
    path = as_path(out, "out")
    if distribution is not None:
        choice("distribution of problems", distribution, DISTRIBUTIONS, ["distribution"])
    config = config_of(credit, settings, base, long=distribution in LONG_ONES)
    counts = {"rounds": rounds, "horizon": horizon, "steps": steps}
    most = {"rounds": LONG, "horizon": LONG, "steps": FAR}
    counts = {
        name: checked(name, each, int | None, {"at_least": 1, "at_most": most[name]}) for name, each in counts.items()
    }
    rounds, horizon, steps = counts.values()
    for name, value in {**counts, "distribution": distribution}.items():
        if value is not None and (name == "steps") == (credit == "run"):
            raise ConfigError(f"credit {credit!r} does not use {name}, got {value}; leave {name} out", [name])
    if credit == "one_step" and not tasks:
        raise ConfigError("credit 'one_step' needs the tasks to learn on, got none; name at least one", ["tasks"])
    if credit == "one_step" and resume:
        raise ConfigError(
            "credit 'one_step' cannot resume; leave resume (--resume) out, and name a new file", ["resume"]
        )
    if path.is_dir():
        raise ConfigError(f"out must be a file, and {path} is a directory; name a file in it", ["out"])
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent}; make it first")
    with _alone(path):
        if path.exists() != resume:
            remedy = "give another name" + ", or resume (--resume)" * (credit == "run")
            raise ConfigError(f"there is no {path} to go on with" if resume else f"{path} exists; {remedy}")
        if credit == "run":
            own = {name: getattr(config, name) for name in renamed(settings, OLD_NAMES, say=False) if name != "threads"}
            plan = {"tasks": tuple(tasks), "horizon": horizon, "distribution": distribution}
            asked = {**own, **{name: value for name, value in plan.items() if value}}
            return _by_runs(path, config, asked, rounds, resume, observer)
        return _by_one_step(path, config, tasks, steps or STEPS, observer)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """The block is the only one, in any process of this machine, that trains into the file.

    A lock on a hidden file beside it, which goes at the end; one that a killed process leaves holds nobody up.
    """
    taken = f"{path} is being trained by another process; wait until it has ended, stop it, or give another name"
    with locked(path, ConfigError(taken), path.with_name(f".{path.name}.lock")):
        yield


def _by_one_step(path: Path, config: Config, tasks: Sequence[str], steps: int, observer: Watcher | None) -> WarmStart:
    found: WarmStart | None = None
    for task in tasks:

        def watch(record: dict[str, Any], task: str = task) -> None:
            if observer is not None:
                observer({**record, "task": task, "steps": steps})

        found = learned_on(task, config, steps, found, path, watch)
    assert found is not None
    return found


def _by_runs(
    path: Path,
    config: Config,
    asked: Mapping[str, Any],
    rounds: int | None,
    resume: bool,
    observer: Watcher | None,
) -> WarmStart:
    """`asked`: what was given, by its name in the config or in PretrainSettings."""
    if resume:
        found, config, settings = _saved(path, config, asked)
        rounds = rounds or settings.horizon
        training = _training(config, settings)
        training.load(dict(found.training))
        if training.rounds != found.made["rounds"]:
            raise ConfigError(f"{path} is damaged: it says two numbers of rounds; begin another file", ["resume"])
        if rounds < training.rounds:
            raise ConfigError(
                f"{path} has {training.rounds} rounds already, got rounds {rounds}; give more", ["rounds"]
            )
    else:
        rounds = rounds or ROUNDS
        suited = ON_LONG_RUNS if asked.get("distribution") in LONG_ONES else SUITED.get(config.meta, {})
        own = {name: asked[name] for name in ("tasks", "distribution") if name in asked}
        settings = PretrainSettings(**{"horizon": asked.get("horizon", rounds), **suited, **own, "seed": config.seed})
        training = _training(config, settings)
        found = _result(config, settings, training)
    saved = training.rounds  # in the file; 0: there is none, or one without a round

    def save() -> bool:
        nonlocal saved
        if found.made["rounds"] > saved:
            with writing:
                found.save(path)
            saved = found.made["rounds"]
        return saved > 0

    writing = Writing(save)
    try:
        with saving_when_asked(writing.save):
            while training.rounds < rounds:
                end_if_told()
                wins = training.advance()
                found = _result(config, settings, training)
                if settings.long or training.rounds % SAVED_EVERY == 0 or training.rounds == rounds:
                    save()
                if observer is not None:
                    observer(_told(training, rounds, wins))
    except BaseException:
        save()
        raise
    finally:
        training.close()
    return found


def _told(training: Pretraining, rounds: int, wins: float) -> dict[str, Any]:
    """What an observer hears of the latest round."""
    told = {"round": training.rounds, "rounds": rounds, "wins": wins, "env_steps": training.steps}
    new = [each for each in training.curve if each.round == training.rounds]
    return {**told, "validated": asdict(new[-1])} if new else told


def _result(config: Config, settings: PretrainSettings, training: Pretraining) -> WarmStart:
    """The training between two rounds, as copies."""
    made = {"credit": "run", **asdict(settings), "rounds": training.rounds}
    shape = shape_of(config.filled(adapt=ADAPTED))
    return WarmStart(shape, training.kept, training.steps, made, training.state())


def _saved(path: Path, config: Config, asked: Mapping[str, Any]) -> tuple[WarmStart, Config, PretrainSettings]:
    """A training to go on with, and its settings: the file's, which whatever was asked for must agree with."""
    saved = WarmStart.load(path)
    if saved.made.get("credit") != "run" or not saved.training:
        raise ConfigError(f"{path} holds no training of credit 'run' to go on with; begin another file")
    try:
        settings = PretrainSettings.read(saved.made)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} does not say how its generator was trained ({type(error).__name__}: {error}), so its training "
            "cannot go on; begin another file"
        ) from error
    shape = {name: value for name, value in asdict(saved.shape).items() if name != "adapt"}
    known = {**shape, **asdict(settings)}
    for name, value in asked.items():
        if value != known[name]:
            raise ConfigError(
                f"{path} is being trained with {name} {known[name]!r}, got {value!r}; leave {name} out to go on with "
                "it, or begin another file",
                [name],
            )
    return saved, config.filled(**shape, seed=settings.seed), settings


def _training(config: Config, settings: PretrainSettings) -> Pretraining:
    known = [*FUNCTIONS, *native_ids()]
    for task in settings.tasks:
        choice("task to train a generator on", task, known)
    choice("meta-level with a network", config.meta, ENCODERS, ["meta"])
    # The values do not matter to a generator; every problem brings its own.
    ranges = {name: Range(0.01, 1.0) for name in ADAPTED}
    start = Hyperparameters(**dict.fromkeys(ADAPTED, 0.1))
    shape, moves = config.section(GeneratorSettings), config.section(MetaSettings)
    outputs = Outputs.of(start, ranges, shape, moves)
    if (told := riders_of(shape.window)) and not settings.long:
        raise ConfigError(
            f"credit 'run' trains without riders, and {', '.join(told)} alone tell some of signals "
            f"{', '.join(shape.window)}; leave those out",
            ["signals"],
        )
    sizes: dict[str, Any] = {"length": shape.history, "quantiles": shape.quantiles, "signals": shape.window}
    features = History(**sizes, ranges=ranges).features
    generator = make_generator(config.meta, features, shape, outputs)
    return Pretraining(generator, sizes, settings, config.threads)
