"""From settings to the parts of a run; the only module that calls their constructors.

    Config -> make_parts -> Parts(config with nothing left open, strategy, evaluator, meta, history)

Everything heavy (torch, mujoco) is imported here, inside the functions.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bierl_fast.config import resolve
from bierl_fast.config.config import Config
from bierl_fast.config.ranges import not_adapted
from bierl_fast.config.reference import Reference
from bierl_fast.config.resolve import OPEN
from bierl_fast.errors import ConfigError, RunDirectoryError, RunWarning, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bierl_fast.evaluation.base import Evaluator, Policy
    from bierl_fast.meta.base import MetaLevel
    from bierl_fast.meta.generator_file import WarmStart
    from bierl_fast.meta.history import History, Range
    from bierl_fast.meta.settings import MetaSettings
    from bierl_fast.strategy.base import Strategy


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of. `config` is the run's, with the strategy's defaults filled in."""

    config: Config
    strategy: Strategy
    evaluator: Evaluator
    meta: MetaLevel
    history: History
    warm_start: WarmStart | None = None  # what the meta-level's generator starts from


def make_parts(config: Config, warm_start: WarmStart | None = None) -> Parts:
    """Build a run's parts; `warm_start` is what its meta-level's generator starts from.

    Raises:
        ConfigError: some part refuses its settings; the message is that part's own.
        UnknownNameError: a name that stands in no table, with the nearest one.
    """
    try:
        config.check_names()
        return _make_parts(config, warm_start)
    except ConfigError:
        raise
    except (ValueError, TypeError) as error:
        raise ConfigError(str(error), getattr(error, "settings", ())) from error


def _make_parts(config: Config, warm_start: WarmStart | None) -> Parts:
    config = resolve.with_meta_settings(resolve.with_policy_settings(config))
    if warm_start is not None:
        config = resolve.with_warm_start(config, warm_start)
    with ExitStack() as refused:
        evaluator = make_evaluator(config)
        refused.callback(evaluator.close)
        config = config.named()  # what is saved names Python functions; the evaluator has them
        strategy = make_strategy(config, evaluator.policy)
        config = resolve.resolved(config, strategy.declared)
        ranges = resolve.adapted_ranges(config, strategy.declared)
        _warn_of_ranges(config, ranges)
        _warn_of_the_missing_center(config, warm_start)
        history = make_history(config, ranges)
        meta = make_meta(config, strategy, history, warm_start)
        _warn_of_blind_moves(config)
        refused.pop_all()
    return Parts(config, strategy, evaluator, meta, history, warm_start)


def _warn_of_ranges(config: Config, adapted: Mapping[str, Range]) -> None:
    """RunWarning for ranges without effect; not where nothing is adapted, nor twice for a run's own warm start."""
    idle = not_adapted(config, adapted)
    if idle and config.adapts and config.warm_start_task is None:
        warn(
            f"the range or scale of {', '.join(idle)} has no effect: the meta-level {config.meta!r} moves "
            f"{', '.join(adapted)} alone; name it in adapt, or leave the range out",
            RunWarning,
        )


def _warn_of_the_missing_center(config: Config, warm_start: WarmStart | None) -> None:
    """RunWarning where a generator misses what it was trained to read: it would take any sigma for a small one."""
    if warm_start is not None and warm_start.made.get("credit") == "run" and config.center_episodes == 0:
        warn(
            "the warm start's generator reads where the centre's return stands among its candidates' to see that "
            "sigma is too large, and center_episodes 0 leaves that out; take center_episodes 1",
            RunWarning,
        )


def _warn_of_blind_moves(config: Config) -> None:
    """RunWarning where a meta-level moves what its meta-fitness cannot see."""
    from bierl_fast.meta.fitness import META_FITNESS, OF_THE_STEP  # noqa: PLC0415

    blind = [name for name in config.adapt or () if name in OF_THE_STEP]
    if blind and config.learned and config.meta_budget > 0.0 and not META_FITNESS[config.meta_fitness].steps:
        warn(
            f"meta_fitness {config.meta_fitness!r} takes no step, and says nothing of {', '.join(blind)}, which will "
            f"move by chance; take adapt = ['sigma'], as its authors do, or meta_fitness 'one_step'",
            RunWarning,
        )


def make_evaluator(config: Config) -> Evaluator:
    """The evaluator of a run's task."""
    from bierl_fast.evaluation import table  # noqa: PLC0415
    from bierl_fast.strategy.table import wants_transitions  # noqa: PLC0415

    return table.make_evaluator(
        config.task,
        dim=config.dim,
        vectorized=config.vectorized,
        task_kwargs=config.task_kwargs,
        hidden=config.hidden,
        activation=config.activation,
        squash=config.squash or OPEN["squash"],
        action_noise=config.action_noise or OPEN["action_noise"],
        log_std=config.log_std,
        obs_norm=OPEN["obs_norm"] if config.obs_norm is None else config.obs_norm,
        episode_cap=config.episode_cap,
        behaviour=config.behaviour,
        transitions=wants_transitions(config.strategy),
        policy=config.policy,
        evaluator=config.evaluator,
        threads=config.threads,
        workers=config.workers,
        flatten_observation=config.flatten_observation,
        **episode_settings(config),
    )


def episode_settings(config: Config) -> dict[str, Any]:
    """How worker processes run episodes, those of training and of every evaluation of what was trained."""
    return {name: getattr(config, name) for name in ("fresh_env", "on_failure", "retries", "episode_timeout")}


def make_strategy(config: Config, policy: Policy) -> Strategy:
    """The inner level, at the policy's initial parameters."""
    from bierl_fast.evaluation.policy.mlp import MlpPolicy  # noqa: PLC0415
    from bierl_fast.kernels import ThreadPool  # noqa: PLC0415
    from bierl_fast.machine import available_cores  # noqa: PLC0415
    from bierl_fast.strategy import table  # noqa: PLC0415

    taken = table.options(config.strategy)
    values = {name: value for name, value in _set_options(config, taken).items() if value is not None}
    if config.reference.entropy == "differential":
        values["starting_entropy"] = _starting_entropy(policy)
    if "network" in taken:
        values["network"] = policy.network if isinstance(policy, MlpPolicy) else None
    if "seed" in taken:
        values["seed"] = config.seed
    if "scale" in taken:
        values["scale"] = policy.noise_scale(config.log_std_noise_scale or OPEN["log_std_noise_scale"])
    threads = config.threads or available_cores()
    if "pool" in taken and threads > 1:
        values["pool"] = ThreadPool(threads)
    return table.make_strategy(config.strategy, mean=policy.initial_parameters(seed=config.seed), **values)


def _starting_entropy(policy: Policy) -> float:
    from bierl_fast.evaluation.policy.mlp import MlpPolicy  # noqa: PLC0415

    if not isinstance(policy, MlpPolicy):
        raise ConfigError("reference.entropy = 'differential' needs a policy network with action noise")
    return policy.starting_entropy()


def _set_options(config: Config, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy's options and switches by name; ConfigError for one that was set and that it does not take."""
    options = _switches(config, taken)
    for field in fields(Config):
        if not field.metadata.get("option"):
            continue
        value = getattr(config, field.name)
        if field.name in taken:
            options[field.name] = value
        elif value != field.default:
            known = ", ".join(name for name in taken if name in Config.__dataclass_fields__)
            raise ConfigError(
                f"strategy {config.strategy!r} takes no option {field.name}, got {value!r}; it takes {known}"
            )
    return options


def _switches(config: Config, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The reference switches that the strategy takes."""
    names = [field.name for field in fields(Reference)]
    for field in fields(Reference):
        value = getattr(config.reference, field.name)
        if field.name not in taken and value != field.default:
            known = ", ".join(name for name in names if name in taken) or "none of them"
            raise ConfigError(
                f"strategy {config.strategy!r} does not use the reference switch {field.name}, got {value!r}; "
                f"it uses {known}"
            )
    return {name: getattr(config.reference, name) for name in names if name in taken}


def make_history(config: Config, ranges: Mapping[str, Range]) -> History:
    """What the meta-level will see."""
    from bierl_fast.meta.history import History  # noqa: PLC0415

    return History(length=config.history, quantiles=config.quantiles, ranges=ranges)


def make_meta(config: Config, strategy: Strategy, history: History, warm_start: WarmStart | None = None) -> MetaLevel:
    """The meta-level, which starts exactly at the configured hyperparameters."""
    from bierl_fast.meta import table  # noqa: PLC0415
    from bierl_fast.meta.schedule import ScheduleSettings  # noqa: PLC0415
    from bierl_fast.strategy.base import centers_of  # noqa: PLC0415

    parts = table.MetaParts(
        hyperparameters=resolve.configured(config, strategy.declared),
        history=history,
        settings=meta_settings(config),
        schedule=ScheduleSettings(
            config.schedule_horizon, config.schedule_unit, config.schedule_shape, config.schedule_end
        ),
        bo_memory=config.bo_memory,
        pbt_members=config.pbt_members,
        encoder_size=config.encoder_size,
        generator_hidden=config.generator_hidden,
        outputs=config.generator_output,
        seed=config.seed,
        weights=None if warm_start is None else warm_start.weights,
    )
    meta, centers = table.make_meta(config.meta, parts), centers_of(strategy)
    if config.learned and meta.reads_generation and centers > 1:
        raise ConfigError(
            f"meta_fitness {config.meta_fitness!r} judges a proposal on the generation just evaluated, which strategy "
            f"{config.strategy!r} draws around another of its {centers} centers than the proposal is for; "
            "take meta_fitness 'one_step', or centers 1"
        )
    return meta


def meta_settings(config: Config) -> MetaSettings:
    """How the run's meta-level learns; what the settings would give one, where it does not."""
    from bierl_fast.meta.settings import MetaSettings  # noqa: PLC0415

    # Read by a learned one alone, so a configured budget of 0 need not fit others.
    budget = {"budget": config.meta_budget} if config.learned else {}
    return MetaSettings(
        fitness=config.meta_fitness,
        objective=config.meta_objective or OPEN["meta_objective"],
        candidates=config.meta_candidates,
        pairs=config.meta_pairs,
        episodes=config.meta_episodes,
        episodes_per_candidate=config.episodes_per_candidate,
        interval=config.meta_interval,
        learning_rate=config.meta_learning_rate,
        sigma=config.meta_sigma,
        spread=config.meta_spread,
        step_scale=config.reference.step_scale,
        max_move=config.meta_max_move,
        settling=config.meta_settling,
        **budget,
    )


def read_policy(path: Path) -> Policy:
    """A saved policy; raises RunDirectoryError when it is missing or damaged."""
    if not path.is_file():
        raise RunDirectoryError(f"no policy at {path}: the run never wrote one, or this is no run directory")
    from bierl_fast.evaluation import table  # noqa: PLC0415

    try:
        return table.load_policy(path)
    except Exception as error:  # a damaged zip or npy header raises half a dozen kinds
        raise RunDirectoryError(f"cannot read the policy {path}: {error}") from error


def evaluator_of(policy: Policy, threads: int | None = None, workers: int | None = None, **episodes: Any) -> Evaluator:
    """An evaluator for the task that `policy` was trained on, with its own observation statistics.

    `episodes` are of `episode_settings`, each at its default where it is left out.
    """
    from bierl_fast.evaluation import table  # noqa: PLC0415

    return table.evaluator_of(policy, threads=threads, workers=workers, **episodes)
