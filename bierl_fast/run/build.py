"""From settings to the parts of a run; the only module that calls their constructors.

Config -> make_parts -> Parts(config with nothing left open, strategy, evaluator, meta, history)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bierl_fast.config import auto, resolve
from bierl_fast.config.config import Config
from bierl_fast.config.foreign import of_strategies
from bierl_fast.config.reference import Reference
from bierl_fast.errors import ArgumentError, ConfigError, RunDirectoryError, RunWarning, TrustError, shown, warn
from bierl_fast.evaluation import again
from bierl_fast.evaluation import table as evaluators
from bierl_fast.evaluation.base import Evaluator, Policy
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.saved import load_policy
from bierl_fast.evaluation.settings import EpisodeSettings, PolicySettings, TaskSettings
from bierl_fast.kernels import ThreadPool
from bierl_fast.machine import available_cores
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.constant_snr import require_one_center
from bierl_fast.meta.fitness import META_FITNESS, OF_THE_STEP, unfit
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.meta.groups import Groups
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.safeguard import Safeguard
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings
from bierl_fast.run import cautions
from bierl_fast.strategy import table as strategies
from bierl_fast.strategy.base import Strategy, centers_of
from bierl_fast.strategy.riders import least
from bierl_fast.strategy.settings import StrategySettings
from bierl_fast.strategy.table import StrategyEntry
from bierl_fast.trust import Trust


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of. `config` is the run's, with the strategy's defaults filled in."""

    config: Config
    strategy: Strategy
    evaluator: Evaluator
    meta: MetaLevel
    history: History
    warm_start: WarmStart | None = None  # what the meta-level's generator starts from
    safeguard: Safeguard | None = None


def make_parts(config: Config, warm_start: WarmStart | None = None) -> Parts:
    """Build a run's parts; `warm_start` is what its meta-level's generator starts from.

    Raises:
        ConfigError: some part refuses its settings; the message, and the settings it names, are that part's own.
        UnknownNameError: a name that stands in no table, with the nearest one.
    """
    try:
        config.check_names()
        config = auto.decided(config, warm_start)
        config.check_taken()
        cautions.of_an_older_version(config)
        return _make_parts(config, warm_start)
    except ConfigError:
        raise
    except MemoryError as error:
        raise ConfigError(
            f"a run with these settings takes more memory than there is ({error}); lower a size"
        ) from error
    except (ValueError, TypeError) as error:
        raise ConfigError(str(error), getattr(error, "settings", ())) from error


def _make_parts(config: Config, warm_start: WarmStart | None) -> Parts:
    config = resolve.with_meta_settings(resolve.with_policy_settings(config))
    if warm_start is not None:
        config = resolve.with_warm_start(config, warm_start)
    config = resolve.with_signals(config)
    with ExitStack() as refused:
        evaluator = make_evaluator(config)
        refused.callback(evaluator.close)
        config = config.named()  # what is saved names Python functions; the evaluator has them
        strategy = make_strategy(config, evaluator.policy)
        config = resolve.resolved(config, strategy.declared)
        ranges = resolve.adapted_ranges(config, strategy.declared)
        cautions.of_ranges(config, ranges)
        cautions.of_the_missing_center(config, warm_start)
        history = make_history(config, ranges)
        meta = make_meta(config, strategy, history, evaluator.policy, warm_start)
        if _in_batch(config):
            strategy = make_groups(config, strategy, evaluator.policy, ranges)
        safeguard = make_safeguard(config, strategy)
        _warn_of_blind_moves(config)
        refused.pop_all()
    return Parts(config, strategy, evaluator, meta, history, warm_start, safeguard)


def _warn_of_blind_moves(config: Config) -> None:
    """RunWarning where a meta-level moves what its meta-fitness cannot see."""
    blind = [name for name in config.adapt or () if name in OF_THE_STEP]
    settings = meta_settings(config)
    if blind and config.learned and settings.budget > 0.0 and not META_FITNESS[settings.fitness].steps:
        warn(
            f"the meta-fitness {settings.fitness!r} takes no step, and says nothing of {', '.join(blind)}, which will "
            f"move by chance; take adapt = ['sigma'], as its authors do, or 'one_step'",
            RunWarning,
        )


def make_evaluator(config: Config) -> Evaluator:
    """The evaluator of a run's task."""
    sections = (TaskSettings, PolicySettings, EpisodeSettings, *evaluators.OWN)
    values: dict[str, Any] = {}
    for section in sections:
        values |= config.section(section).values()
    return evaluators.make_evaluator(**values, transitions=strategies.entry(config.strategy).transitions)


def make_strategy(config: Config, policy: Policy) -> Strategy:
    """The inner level, at the policy's initial parameters."""
    entry = strategies.entry(config.strategy)
    values = {name: value for name, value in _set_options(config, entry).items() if value is not None}
    if config.reference.entropy == "differential":
        values["starting_entropy"] = _starting_entropy(policy)
    if "network" in entry.options:
        values["network"] = policy.network if isinstance(policy, MlpPolicy) else None
    if "seed" in entry.options:
        values["seed"] = config.seed
    if "scale" in entry.options:
        values["scale"] = policy.noise_scale(config.section(StrategySettings).log_std_noise_scale or 1.0)
    threads = config.threads or available_cores()
    if "pool" in entry.options and threads > 1:
        values["pool"] = ThreadPool(threads)
    return strategies.make_strategy(config.strategy, mean=policy.initial_parameters(seed=config.seed), **values)


def make_safeguard(config: Config, strategy: Strategy) -> Safeguard | None:
    """What takes the run back after a collapse, where it is wanted.

    Raises:
        ConfigError, ArgumentError: it cannot take this strategy back.
    """
    if not config.safeguard:
        return None
    if strategies.entry(config.strategy).transitions:
        raise ConfigError(
            f"safeguard takes a strategy back, and strategy {config.strategy!r} also learns from all steps it has "
            "seen; leave safeguard out, or take another strategy",
            ("safeguard", "strategy"),
        )
    return Safeguard(strategy)


def _in_batch(config: Config) -> bool:
    return config.learned and META_FITNESS[meta_settings(config).fitness].in_batch


def make_groups(config: Config, whole: Strategy, policy: Policy, ranges: Mapping[str, Range]) -> Groups:
    """`whole`, which meta_fitness in_batch may divide; `config` has nothing left open.

    Raises:
        ConfigError: the population is too small, or does not divide evenly, or the strategy cannot be averaged.
    """
    groups, entry = meta_settings(config).proposals, strategies.entry(config.strategy)
    if config.meta == "bo" or not entry.of_returns_alone:
        others = ", ".join(name for name in strategies.which_take("riders") if strategies.entry(name).of_returns_alone)
        other = "'one_step' for meta 'bo'" if config.meta == "bo" else f"one of {others}"
        what = "generators' proposals" if config.meta == "bo" else "strategies that learn from returns alone"
        why = f"is for {what}, got meta {config.meta!r} and strategy {config.strategy!r}; take {other}"
        raise unfit("in_batch", why, "meta", "strategy")
    smallest = groups * least(config.riders)
    if config.population < smallest or config.population % (2 * groups):
        raise unfit(
            "in_batch",
            f"divides the population into {groups} groups of whole pairs"
            f"{', each with its riders' if config.riders else ''}, which takes a multiple of {2 * groups} candidates "
            f"and at least {smallest}, got population {config.population}",
            "meta_candidates",
            "population",
        )
    changes: dict[str, Any] = {"population": config.population // groups, "center_episodes": 0}
    if config.top is not None:
        changes["top"] = max(1, round(config.top / groups))
    part = make_strategy(config.replace(**changes), policy)
    return Groups(whole, part, groups, ranges, config.center_episodes)


def _starting_entropy(policy: Policy) -> float:
    if not isinstance(policy, MlpPolicy):
        raise ConfigError(
            "reference.entropy = 'differential' needs a policy network with action noise",
            ("reference", "dim", "policy"),
        )
    return policy.starting_entropy()


def _set_options(config: Config, entry: StrategyEntry) -> dict[str, Any]:
    """The strategy's options and switches by name."""
    taken = of_strategies() & (entry.options | entry.own).keys()
    return _switches(config, entry.options) | {name: getattr(config, name) for name in taken}


def _switches(config: Config, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The reference switches that the strategy takes."""
    names = [field.name for field in fields(Reference)]
    for field in fields(Reference):
        value = getattr(config.reference, field.name)
        if field.name not in taken and value != field.default:
            known = ", ".join(name for name in names if name in taken) or "none of them"
            raise ConfigError(
                f"strategy {config.strategy!r} does not use the reference switch {field.name}, got {shown(value)}; "
                f"it uses {known}",
                ("reference", "strategy"),
            )
    return {name: getattr(config.reference, name) for name in names if name in taken}


def make_history(config: Config, ranges: Mapping[str, Range]) -> History:
    """What the meta-level will see."""
    shape = config.section(GeneratorSettings)
    window = tuple(dict.fromkeys([*shape.window, *meta_levels.entry(config.meta).reads]))
    return History(length=shape.history, quantiles=shape.quantiles, ranges=ranges, signals=window)


def make_meta(
    config: Config, strategy: Strategy, history: History, policy: Policy, warm_start: WarmStart | None = None
) -> MetaLevel:
    """The meta-level, which starts exactly at the configured hyperparameters."""
    section = meta_levels.entry(config.meta).section
    parts = meta_levels.MetaParts(
        hyperparameters=resolve.configured(config, strategy.declared),
        history=history,
        settings=meta_settings(config),
        generator=config.section(GeneratorSettings),
        own=None if section is None else config.section(section),
        seed=config.seed,
        weights=None if warm_start is None else warm_start.weights,
        observations=_observations(config, policy),
        pairs=config.top or max(1, config.population // 2),
    )
    meta, centers = meta_levels.make_meta(config.meta, parts), centers_of(strategy)
    if config.meta == "lra":
        require_one_center(centers)
    if config.learned and meta.reads_generation and centers > 1 and not _in_batch(config):  # see make_groups
        raise unfit(
            parts.settings.fitness,
            f"judges a proposal on the generation just evaluated, which strategy {config.strategy!r} draws around "
            f"another of its {centers} centers than the proposal is for; take 'one_step', or one center",
            "centers",
        )
    return meta


def _observations(config: Config, policy: Policy) -> int | None:
    """What the policy reads, where a candidate's parameters stand sigma from the centre's; None elsewhere."""
    if not isinstance(policy, MlpPolicy) or strategies.entry(config.strategy).scales:
        return None
    return policy.spec.observation_size


def meta_settings(config: Config) -> MetaSettings:
    """How the run's meta-level learns; what the settings would give one, where it does not."""
    return config.section(
        MetaSettings,
        episodes_per_candidate=config.episodes_per_candidate,
        step_scale=config.reference.step_scale,
    )


def read_policy(path: Path, trust: Trust = False, module: str | Callable[..., Any] | None = None) -> Policy:
    """A saved policy; raises RunDirectoryError when it is missing or damaged, TrustError as load_policy does.

    `module`: what makes the module of a TorchPolicy, in place of what its file names.
    """
    if not path.is_file():
        raise RunDirectoryError(f"no policy at {path}: the run never wrote one, or this is no run directory")
    try:
        return load_policy(path, trust, module)
    except (TrustError, ConfigError):
        raise
    except Exception as error:  # a damaged zip or npy header raises half a dozen kinds
        raise RunDirectoryError(f"cannot read the policy {path}: {error}") from error


def evaluator_of(policy: Policy, threads: int | None = None, **own: Any) -> Evaluator:
    """An evaluator for the task that `policy` was trained on; see `bierl_fast.evaluation.again.evaluator_of`.

    Raises:
        ConfigError: what is given cannot be.
    """
    try:
        return again.evaluator_of(policy, threads, **own)
    except ArgumentError as error:
        given = {name for name, value in own.items() if value is not None}
        if isinstance(error, ConfigError) or not given & set(error.settings):
            raise
        raise ConfigError(str(error), error.settings) from error


OF_EVALUATORS = tuple(name for section in evaluators.OWN for name in section.settings())  # what they alone take
OWN = ("evaluator", *OF_EVALUATORS)


def own_settings(config: Config) -> dict[str, Any]:
    """How a run's evaluator runs episodes, those of training and of every evaluation of what was trained."""
    own = {name: getattr(config, name) for name in OF_EVALUATORS}
    return {"evaluator": "pool" if config.pooled else config.evaluator, **own}
