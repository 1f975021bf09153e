"""How `bierl pretrain` makes a warm start.

    tasks -> pretrain -> FILE.npz

Two kinds of credit: "run", whole inner runs over many cheap problems (meta/pretrain.py), and "one_step", the paper's
way: a generator that learned along with an ordinary run on an easy task.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bierl_fast.names import lookup, unknown
from bierl_fast.run.config import Config
from bierl_fast.run.errors import ConfigError
from bierl_fast.run.warm_start import learned_on, shape_of

if TYPE_CHECKING:
    from bierl_fast.meta.pretrain import Pretraining, PretrainSettings
    from bierl_fast.meta.warm_start import WarmStart

CREDITS = ("run", "one_step")
SAVED_EVERY = 10  # rounds
# A whole run is one number of credit, so there are few weights to give it to.
SMALL = {"encoder_size": 8, "generator_hidden": 8, "quantiles": 4, "generator_output": "relative"}
Watcher = Callable[[dict[str, Any]], None]


def pretrain(
    out: str | os.PathLike[str],
    tasks: Sequence[str] = (),
    *,
    credit: str = "run",
    rounds: int = 300,
    steps: int = 500_000,
    seed: int = 0,
    resume: bool = False,
    observer: Watcher | None = None,
    **generator: Any,
) -> WarmStart:
    """Train a generator for warm starts and write it to a file.

    Args:
        out: the file; it must not exist unless `resume`.
        tasks: of credit "run": native test functions and native tasks to draw problems from; none: the distribution of
            meta/problems.py. Of credit "one_step": the tasks to learn on, one after the other, at least one.
        credit: "run": whole inner runs over many cheap problems, from starts mis-set by up to 30 times; "one_step": the
            return after one step, along with ordinary runs, as the paper does.
        rounds: of credit "run".
        steps: env steps on each task of credit "one_step".
        seed: of everything.
        resume: go on to `rounds` with the training that the file holds; of credit "run" alone, which writes the file
            every SAVED_EVERY rounds.
        observer: called after every round with round, rounds, wins (share of its problems on which the generator ended
            better than the hyperparameters it was given) and env_steps.
        generator: settings of a run that say what it is: meta, encoder_size, generator_hidden, generator_output,
            meta_max_move, history, quantiles; the defaults here are SMALL's.

    Raises:
        ConfigError, UnknownNameError: a setting that cannot be, an unknown task, a file that exists or holds another
            generator.
    """
    path = Path(out)
    lookup("credit", credit, dict.fromkeys(CREDITS))
    if path.exists() != resume:
        raise ConfigError(f"there is no {path} to go on with" if resume else f"{path} exists; give another name")
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent}; make it first")
    for name, value in (("rounds", rounds), ("steps", steps)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, got {value}")
    config = Config(**{"task": "quadratic", "seed": seed, **SMALL, **generator})
    if credit == "run":
        return _by_runs(path, config, tasks, rounds, resume, observer)
    if not tasks or resume:
        raise ConfigError("credit 'one_step' needs the tasks to learn on, and cannot resume")
    found: WarmStart | None = None
    for task in tasks:
        found = learned_on(task, config, steps, found)
        found.save(path)
    assert found is not None
    return found


def _by_runs(
    path: Path, config: Config, tasks: Sequence[str], rounds: int, resume: bool, observer: Watcher | None
) -> WarmStart:
    from bierl_fast.meta.pretrain import ADAPTED, PretrainSettings  # noqa: PLC0415
    from bierl_fast.meta.warm_start import WarmStart  # noqa: PLC0415

    settings = PretrainSettings(rounds=rounds, tasks=tuple(tasks), seed=config.seed)
    training, shape = _training(config, settings), shape_of(config.replace(adapt=ADAPTED))
    if resume:
        saved = WarmStart.load(path)
        if saved.shape != shape or not saved.training:
            raise ConfigError(
                f"{path} holds {saved.shape}, asked for was {shape}; or it holds no training to go on with"
            )
        training.load(dict(saved.training))
    while True:
        made = {"credit": "run", **asdict(settings), "rounds": training.rounds}
        found = WarmStart(shape, training.weights, training.steps, made, training.state())
        if training.rounds % SAVED_EVERY == 0 or training.rounds >= rounds:
            found.save(path)
        if training.rounds >= rounds:
            return found
        wins = training.advance()
        if observer is not None:
            observer({"round": training.rounds, "rounds": rounds, "wins": wins, "env_steps": training.steps})


def _training(config: Config, settings: PretrainSettings) -> Pretraining:
    from bierl_fast.evaluation.table import native_tasks  # noqa: PLC0415
    from bierl_fast.messages import Hyperparameters  # noqa: PLC0415
    from bierl_fast.meta.encoder import ENCODERS  # noqa: PLC0415
    from bierl_fast.meta.generator import make_generator  # noqa: PLC0415
    from bierl_fast.meta.history import History, Range  # noqa: PLC0415
    from bierl_fast.meta.outputs import Outputs  # noqa: PLC0415
    from bierl_fast.meta.pretrain import ADAPTED, Pretraining  # noqa: PLC0415
    from bierl_fast.meta.problems import FUNCTIONS  # noqa: PLC0415

    known = [*dict.fromkeys(FUNCTIONS), *(entry["id"] for entry in native_tasks())]
    for task in settings.tasks:
        if task not in known:
            raise unknown("task to train a generator on", task, known)
    if config.meta not in ENCODERS:
        raise unknown("meta-level with a network", config.meta, ENCODERS)
    # The values do not matter to a generator; every problem brings its own.
    ranges = {name: Range(0.01, 1.0) for name in ADAPTED}
    start = Hyperparameters(**dict.fromkeys(ADAPTED, 0.1))
    outputs = Outputs(start, ranges, config.generator_output, config.meta_max_move)
    features = History(length=config.history, quantiles=config.quantiles, ranges=ranges).features
    generator = make_generator(config.meta, (features, config.encoder_size, config.generator_hidden), outputs)
    return Pretraining(generator, (config.history, config.quantiles), settings)
