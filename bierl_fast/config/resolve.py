"""From the settings that were given to settings with nothing left open, and to what follows from them.

Config -> with_policy_settings, with_meta_settings, with_warm_start, with_signals, resolved -> Config with nothing left
          open
       -> configured -> Hyperparameters
       -> adapted_ranges -> where the meta-level may move each
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.config.ranges import check_declared, nothing_to_move, ranges_of, value_of
from bierl_fast.config.sections import default_of, left_open, settings_of
from bierl_fast.errors import ConfigError, shown
from bierl_fast.messages import Hyperparameters, HyperparameterSpec
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.fitness import META_FITNESS, unfit
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.meta.history import Range
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.meta.signals import OF_RIDERS, riders_of, told_by
from bierl_fast.strategy import table as strategies
from bierl_fast.strategy.table import StrategyEntry

ADAPTED = ("sigma", "learning_rate")  # what a meta-level moves unless told otherwise


def with_warm_start(config: Config, warm_start: WarmStart) -> Config:
    """`config` with what the warm start's generator is made of.

    A setting at its default gives way, whether it was left out or written out: a config does not know which.

    Raises:
        ConfigError: a setting has another value than its default, and its generator has not that one.
    """
    shape = asdict(warm_start.shape)
    for name, value in shape.items():
        given = getattr(config, name)
        if given not in {value, default_of(name)}:
            raise ConfigError(
                f"the warm start's generator has {name} {value!r}, which cannot be changed, got {shown(given)}; "
                f"leave {name} out, or train one with it (`bierl pretrain`)",
                [name, "warm_start" if config.warm_start is not None else "warm_start_task"],
            )
    needed = riders_of(warm_start.shape.signals) if "riders" in strategies.options(config.strategy) else ()
    return config.filled(**shape, riders=config.riders or needed)


def with_signals(config: Config) -> Config:
    """`config` with the window that its meta-level reads, where it reads one.

    Raises:
        ConfigError: it holds what riders tell that do not ride.
    """
    if not config.adapts:
        return config
    entry = meta_levels.entry(config.meta)
    takes = "signals" in entry.taken  # it reads a window of its own choice
    window = told_by(config.riders) if takes and config.signals is None else config.signals or ()
    read = dict.fromkeys([*window, *entry.reads])
    if missing := [rider for rider in riders_of(tuple(read)) if rider not in config.riders]:
        if "riders" not in strategies.options(config.strategy):
            raise ConfigError(
                f"meta {config.meta!r} reads what riders {', '.join(missing)} tell here, and strategy "
                f"{config.strategy!r} carries none; take one of {', '.join(strategies.which_take('riders'))}",
                ["strategy", "meta"],
            )
        told = [name for rider in missing for name in OF_RIDERS[rider] if name in read]
        raise ConfigError(
            f"meta {config.meta!r} reads {', '.join(told)} here, which riders {', '.join(missing)} tell, got riders = "
            f"{list(config.riders)}; give riders = {[*config.riders, *missing]}",
            ["riders", "signals"],
        )
    return config.filled(signals=window) if takes else config


def with_policy_settings(config: Config) -> Config:
    """`config` with the policy's open settings as its strategy needs or prefers them.

    Raises:
        ConfigError: a setting is at odds with what the strategy needs.
    """
    strategy = strategies.entry(config.strategy)
    required, preferred = strategy.requires, strategy.prefers
    if config.policy is not None:
        _require_none_of_the_network(config, strategy)
    if config.dim is not None:
        preferred = {}  # a function has no policy network that a preference could be about
    if required and config.dim is not None:
        raise ConfigError(
            f"strategy {config.strategy!r} needs a policy network, which a function task has not; "
            "take another strategy",
            ["strategy", "dim"],
        )
    if config.dim is not None and strategy.behaviors:
        raise ConfigError(
            f"strategy {config.strategy!r} compares what episodes do, and a function has none; take another strategy",
            ["strategy", "dim"],
        )
    for name, needed in required.items():
        given = getattr(config, name)
        if given not in {None, needed}:
            raise ConfigError(
                f"strategy {config.strategy!r} needs {name} {needed!r}, got {shown(given)}; leave {name} out",
                [name, "strategy"],
            )
    wanted = {**left_open(), **preferred, **required}
    return config.filled(**{name: value for name, value in wanted.items() if getattr(config, name) is None})


def _require_none_of_the_network(config: Config, strategy: StrategyEntry) -> None:
    """Raise for what the compiled network has, and a torch module in its place has not."""
    other, required = "take another strategy, or leave policy out", strategy.requires
    if "network" in strategy.options:
        raise ConfigError(
            f"strategy {config.strategy!r} needs the compiled network, whose layers it knows, and policy puts a torch "
            f"module in its place; {other}",
            ["strategy", "policy"],
        )
    if "evolved" in {config.action_noise, required.get("action_noise")}:
        remedy = other if required.get("action_noise") else "take action_noise 'fixed'"
        raise ConfigError(
            f"a torch policy has no log standard deviations to evolve, as action_noise would; {remedy}",
            ["policy", "strategy" if required.get("action_noise") else "action_noise"],
        )
    for name in ("hidden", "activation", "log_std_noise_scale"):
        given, default = getattr(config, name), default_of(name)
        if given not in {default, left_open().get(name, default)}:
            raise ConfigError(
                f"a torch policy brings its own network: leave out {name}, got {shown(given)}", [name, "policy"]
            )


def _required_credit(config: Config) -> MetaSettings:
    """How its meta-level learns; raise for a credit that its meta-fitness does not take."""
    settings, name = config.section(MetaSettings), "meta_credit"
    if settings.credit_generations != default_of(name) and not META_FITNESS[settings.fitness].in_batch:
        what = f"takes no {name}, got {settings.credit_generations}; leave it out, or take 'in_batch'"
        raise unfit(settings.fitness, what, name)
    return settings


def with_meta_settings(config: Config) -> Config:
    """`config` with the strategy's open options as its meta-level prefers them.

    Raises:
        ConfigError: the meta-level cannot train such a strategy.
    """
    entry, strategy = meta_levels.entry(config.meta), strategies.entry(config.strategy)
    if entry.tells and strategy.transitions:
        raise ConfigError(
            f"meta {config.meta!r} trains copies of the strategy, and those of {config.strategy!r} would learn "
            "nothing: steps are recorded for the run's own candidates alone; take another meta-level or strategy",
            ["meta", "strategy"],
        )
    if _sigma_alone(config) and "learning_rate" in (config.adapt or ()):
        raise ConfigError(
            f"meta 'csa' over strategy {config.strategy!r} moves sigma alone (adapt = ['sigma'], the default), got "
            f"adapt = {list(config.adapt or ())}: a step in units of sigma grows without end where its rate grows too",
            ["adapt", "meta", "strategy"],
        )
    open_one = {"meta_candidates": _required_credit(config).candidates}
    config = config.filled(**{name: value for name, value in open_one.items() if name in entry.taken})
    open_ones = [name for name in entry.prefers if name in strategy.options and not getattr(config, name)]
    return config.filled(**{name: entry.prefers[name] for name in open_ones})


def resolved(config: Config, declared: Mapping[str, HyperparameterSpec]) -> Config:
    """`config` with the strategy's own defaults where nothing was said.

    Raises:
        ConfigError: a hyperparameter was set that the strategy does not declare or that would change nothing, or a
            range that it does not allow.
    """
    check_declared(config, declared)
    taken = strategies.entry(config.strategy).options
    changes: dict[str, Any] = {}
    for name, field in settings_of().items():
        value = getattr(config, name)
        if field.metadata.get("option") and value is None and name in taken:
            changes[name] = taken[name]
        if not field.metadata.get("hyperparameter"):
            continue
        if name in declared:
            changes[name] = declared[name].default if value is None else value
        elif value is not None:
            raise ConfigError(
                f"strategy {config.strategy!r} has no hyperparameter {name}, got {value}; it has {', '.join(declared)}"
                f"; {name} is for {', '.join(strategies.which_declare(name))}",
                (name, "strategy"),
            )
    if config.adapts:
        changes["adapt"] = _adapted(config, declared)
    found = config.filled(**changes)
    _require_the_center(found)
    _require_momentum_that_acts(found)
    _require_entropies_that_differ(found)
    return found


def _require_the_center(config: Config) -> None:
    """Raise where a rule moves sigma by what only an episode of the centre tells."""
    drops = "drop" in meta_levels.entry(config.meta).reads and "sigma" in (config.adapt or ())
    if drops and config.center_episodes == 0 and not strategies.entry(config.strategy).behaviors:
        raise ConfigError(
            f"meta {config.meta!r} moves sigma by how far candidates stand below the centre, and center_episodes 0 "
            "leaves that out; take center_episodes 1, or adapt = ['learning_rate']",
            ["center_episodes", "meta"],
        )


def _require_momentum_that_acts(config: Config) -> None:
    """Raise for an adapted momentum that no step would have."""
    if config.adapts and config.optimizer == "gradient" and "momentum" in (config.adapt or ()):
        raise ConfigError(
            "adapt holds momentum, and the plain step of optimizer 'gradient' has none; leave momentum out, or take "
            "optimizer 'momentum', 'adam' or 'clipup'",
            ["adapt", "optimizer"],
        )


def _require_entropies_that_differ(config: Config) -> None:
    """Raise for a bonus on entropy that every candidate gets alike, so that no choice among them depends on it."""
    # The authors' differential entropy, summed over steps, counts with every noise: episodes differ in length.
    if config.action_noise == "evolved" or config.reference.entropy == "differential":
        return
    moved = config.dim is None and config.adapts and "entropy_weight" in (config.adapt or ())
    if config.entropy_weight is None or not (config.entropy_weight or moved):
        return
    given = f"entropy_weight {config.entropy_weight} would change nothing"
    if config.dim is not None or config.policy is not None:
        what = "a function has no policy with an entropy" if config.policy is None else "a torch policy evolves none"
        other = "dim" if config.policy is None else "policy"
        raise ConfigError(f"{given}: {what}; leave entropy_weight out", ["entropy_weight", other])
    raise ConfigError(
        f"{given}: with action_noise {config.action_noise!r} every candidate's policy has the same entropy; take "
        "action_noise 'evolved', whose standard deviations the search moves, or leave entropy_weight out",
        ["entropy_weight", "action_noise"],
    )


def _sigma_alone(config: Config) -> bool:
    """Whether the meta-level makes steps longer by sigma itself, as they are in units of it; see meta/csa.py."""
    return config.meta == "csa" and strategies.entry(config.strategy).step_in_sigma


def _adapted(config: Config, declared: Mapping[str, HyperparameterSpec]) -> tuple[str, ...]:
    """What the meta-level moves."""
    given: tuple[str, ...] | None = config.adapt
    if given is not None:
        return given
    wanted = ("sigma",) if _sigma_alone(config) else ADAPTED
    names = tuple(name for name in wanted if name in declared and declared[name].adaptable)
    if not names:
        raise nothing_to_move(config.strategy)
    return names


def configured(config: Config, declared: Mapping[str, HyperparameterSpec]) -> Hyperparameters:
    """Every hyperparameter the strategy declares: the configured value, else the strategy's default."""
    values = {name: value_of(config, name, spec) for name, spec in declared.items()}
    return Hyperparameters(**{name: declared[name].check(name, value) for name, value in values.items()})


def adapted_ranges(config: Config, declared: Mapping[str, HyperparameterSpec]) -> dict[str, Range]:
    """Where the meta-level may move each hyperparameter, in `adapt`'s order; inside what the strategy declares."""
    return ranges_of(_adapted(config, declared) if config.adapts else (), config, declared)
