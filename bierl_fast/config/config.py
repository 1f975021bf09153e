"""Every setting of a run, each documented once.

    Config(...) in Python, config.toml, presets, `bierl train --flags`  ->  Config  ->  run/build.py

`setting(default, help, ...)` holds what a field means and which values it takes; `--help`, validation and the
TOML reader all read it from there.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, TypeVar

from bierl_fast.config import reference as switches
from bierl_fast.config import rules, values
from bierl_fast.config.ranges import check as check_ranges
from bierl_fast.config.reference import Reference
from bierl_fast.errors import ConfigError
from bierl_fast.names import lookup, unknown

T = TypeVar("T")

MANY = 2**16  # of what a batch or a layer has several of
LONG = 2**20  # of what only memory limits
FAR = 2**53  # of what is only counted: larger numbers are no longer exact as floats

TABLES = ("task_kwargs", "ranges", "scales", "reference")  # hold values by name; layers merge them name by name


def setting(default: Any, text: str, *, training: bool = True, **rules: Any) -> Any:
    """A field of Config.

    Args:
        default: its value when nothing is said.
        text: what it means, with its unit; shown by `bierl train --help`.
        training: whether it can change a run's results. Only such settings tie a checkpoint to its run.
        rules: `choices`, `at_least`, `at_most`, `above` (see values.py).
    """
    return dataclasses.field(default=default, metadata=_noted(text, training, **rules))


def _noted(text: str, training: bool = True, **rules: Any) -> dict[str, Any]:
    return {"help": text, "training": training, **rules}


def hyperparameter(text: str, **rules: Any) -> Any:
    """A field that some strategies declare as a hyperparameter; None takes the strategy's own default."""
    return setting(None, f"{text} (none: the strategy's)", hyperparameter=True, **rules)


def option(default: Any, text: str, **rules: Any) -> Any:
    """A field that some strategies take as an option of their constructor; None takes its own default."""
    return setting(default, text, option=True, **rules)


def _offering_the_nearest(cls: type[T]) -> type[T]:
    """A class whose constructor names the nearest setting for an unknown one; Python's TypeError does not."""
    plain = cls.__init__

    @wraps(plain)
    def checked(self: T, *args: Any, **given: Any) -> None:
        known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        for name in given:
            if name not in known:
                raise unknown("setting", name, known)
        plain(self, *args, **given)

    cls.__init__ = checked  # type: ignore[assignment, method-assign]
    return cls


@_offering_the_nearest
@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one run. Immutable and valid: a wrong value raises ConfigError, which says what to do.

    A name that is no setting raises UnknownNameError, with the nearest one.
    Example: `Config(task="HalfCheetah-v5", strategy="es", meta="lstm", generations=100, seed=0)`.
    """

    task: str | Callable[..., Any] = dataclasses.field(
        metadata={
            "help": "Gymnasium id of the task (see `bierl tasks`); with dim a function: a native one's name, or a "
            "Python one, by its import path module:function where it is written",
            "training": True,
        }
    )
    task_kwargs: dict[str, Any] = dataclasses.field(
        default_factory=dict,
        metadata=_noted(
            "the task's own keyword arguments (Gymnasium's, or a function's): name=value, value as in TOML"
        ),
    )
    dim: int | None = setting(
        None,
        "parameters of a function task; it has no network, so settings of networks and episodes do not apply",
        at_least=1,
        at_most=2**30,
    )
    vectorized: bool = setting(False, "whether a Python function takes a block (k, dim) and gives k values")
    strategy: str = setting("es", "evolution strategy of the inner level")
    meta: str = setting("lstm", "meta-level that sets the hyperparameters; none keeps them fixed")
    seed: int = setting(0, "address of all randomness: equal seeds give equal runs", at_least=0, at_most=2**64 - 1)
    generations: int | None = setting(
        None, "train until this many generations are done", training=False, at_least=1, at_most=FAR
    )
    total_steps: int | None = setting(
        None,
        "train until the first generation end with this many environment steps",
        training=False,
        at_least=1,
        at_most=FAR,
    )

    population: int = option(64, "candidates per generation, in antithetic pairs", at_least=2, at_most=LONG)
    sigma: float | None = hyperparameter("noise standard deviation on policy parameters", above=0.0)
    learning_rate: float | None = hyperparameter("step size of the optimizer", above=0.0)
    momentum: float | None = hyperparameter("of the optimizers that have one", at_least=0.0, at_most=1.0)
    scale_learning_rate: float | None = hyperparameter("step size of each parameter's own noise scale", at_least=0.0)
    weight_decay: float | None = hyperparameter("shrinks the parameters at every update", at_least=0.0)
    novelty_weight: float | None = hyperparameter(
        "share of novelty in the update, the rest is the return's", at_least=0.0, at_most=1.0
    )
    entropy_weight: float | None = hyperparameter("of the policy's entropy in the fitness")
    alive_offset: float | None = hyperparameter("subtracted from the fitness for every step lived")
    shaping: str | None = option(None, "how fitnesses become update weights (none: the strategy's)")
    top: int | None = option(None, "pairs that shaping 'standardized' keeps (none: all)", at_least=1, at_most=MANY)
    separable: bool = option(False, "a diagonal covariance matrix, for more than two thousand parameters (cmaes)")
    optimizer: str | None = option(None, "how the gradient becomes a step (none: the strategy's)")
    crn: str = option(
        "pair",
        "who shares resets and action noise (common random numbers)",
        choices=("none", "pair", "population"),
    )
    episodes_per_candidate: int = option(1, "episodes averaged for each candidate", at_least=1, at_most=MANY)
    center_episodes: int = option(1, "episodes of the centre that ride in every inner batch", at_least=0, at_most=MANY)

    winner_share: float | None = option(
        None, "crossovers of the last winners as a share of the population", at_least=0.0, at_most=1.0
    )
    mutation_clip: float | None = option(
        None, "largest growth of sigma by automatic mutation tuning in one generation; 0: none", at_least=0.0
    )
    replay_size: int | None = option(None, "transitions that an actor-critic remembers", at_least=1, at_most=2**31 - 1)
    sac_batch: int | None = option(None, "transitions in one gradient step of SAC", at_least=1, at_most=LONG)
    sac_updates: float | None = option(None, "gradient steps of SAC for each env step", at_least=0.0)
    sac_learning_rate: float | None = option(None, "of SAC's actor, critics and entropy coefficient", above=0.0)
    sac_discount: float | None = option(None, "of SAC, for a reward one step later", at_least=0.0, at_most=1.0)
    centers: int = option(3, "centres that a novelty strategy searches from", at_least=1, at_most=MANY)
    neighbours: int = option(10, "nearest archived behaviours whose mean distance is novelty", at_least=1, at_most=LONG)
    archive_size: int | None = option(
        None, "behaviours the novelty archive holds, the oldest leave first (none: all)", at_least=1, at_most=LONG
    )
    patience: int = option(
        5, "generations without a better return until strategy nsra turns to novelty", at_least=1, at_most=FAR
    )
    novelty_delta: float = option(0.05, "by how much strategy nsra moves the weight of novelty", above=0.0, at_most=1.0)

    hidden: tuple[int, ...] = setting((64, 64), "hidden layer sizes of the policy; empty: a linear policy")
    activation: str = setting("tanh", "of the hidden layers", choices=("tanh", "relu"))
    policy: str | Callable[..., Any] | None = setting(  # noqa: RUF009 - a dataclasses.field
        None,
        "a torch module instead of that network, in worker processes: a function that makes it, by its import path "
        "module:function, given nothing or the sizes of observation and action (none: the network)",
    )
    squash: str | None = setting(
        None,
        "how actions are brought into the task's box, none: not at all (left open: what the strategy needs, else clip)",
        choices=("clip", "tanh", "none"),
    )
    action_noise: str | None = setting(
        None, "Gaussian action noise (left open: what the strategy needs)", choices=("none", "fixed", "evolved")
    )
    log_std: float = setting(-1.0, "of the action noise (its start, where evolved)")
    log_std_noise_scale: float | None = setting(
        None, "factor of sigma for an evolved log_std (none: the strategy's, else 1)", above=0.0
    )
    obs_norm: bool | None = setting(
        None,
        "normalise observations by running mean and standard deviation (left open: unless the strategy must not)",
    )
    episode_cap: int | None = setting(
        None,
        "cut training episodes at this many steps; reporting evaluations run to their end",
        at_least=1,
        at_most=2**31 - 1,
    )
    behaviour: str | Callable[..., Any] = setting(  # noqa: RUF009 - a dataclasses.field
        "final_position",
        "descriptor that novelty methods compare; of one's own, in worker processes: a function of environment, last "
        "observation and last info, by its import path module:function",
    )
    threads: int | None = setting(
        None,
        "threads of the simulator, and worker processes where workers are not given (none: the cores this process may "
        "use); results are the same at any number",
        training=False,
        at_least=1,
        at_most=1024,
    )
    evaluator: str = setting(
        "auto",
        "where episodes run: native threads, or worker processes for any Gymnasium environment; auto: by the task",
        choices=("auto", "native", "pool"),
    )
    workers: int | None = setting(
        None,
        "processes for tasks that are not native (none: as many as threads); results are the same at any number",
        training=False,
        at_least=1,
        at_most=1024,
    )
    fresh_env: str = setting(
        "auto",
        "a new environment for every episode in worker processes; auto: where reset does not restore everything in "
        "the first 1,000 steps of an episode",
        choices=("auto", "always", "never"),
    )
    flatten_observation: bool = setting(False, "take observations as one long vector: images, Discrete, Dict, Tuple")
    on_failure: str = setting(
        "rank_last",
        "of an episode in a worker process that raises, answers no number, or outlives episode_timeout",
        choices=("rank_last", "retry", "raise"),
    )
    retries: int = setting(2, "times that on_failure = retry runs an episode again", at_least=0, at_most=MANY)
    episode_timeout: float | None = setting(None, "seconds an episode in a worker process may take", above=0.0)

    history: int = setting(16, "generations of returns the meta-level sees", at_least=1, at_most=LONG)
    quantiles: int = setting(32, "quantiles that describe one generation's returns", at_least=2, at_most=LONG)
    encoder_size: int = setting(32, "width of the meta-level's encoder; linear has none", at_least=1, at_most=MANY)
    generator_hidden: int = setting(
        32, "hidden width of the meta-level's generator; 0: a linear generator", at_least=0, at_most=MANY
    )
    generator_output: str = setting(
        "absolute",
        "what the generator gives: a place in each range, or a step relative to the value now in use",
        choices=("absolute", "relative"),
    )
    adapt: tuple[str, ...] | None = setting(
        None, "hyperparameters the meta-level may move (none: sigma and learning_rate, where the strategy adapts them)"
    )
    ranges: dict[str, tuple[float, float]] = dataclasses.field(
        default_factory=dict,
        metadata=_noted(
            "low,high that the meta-level may move a hyperparameter in, by its name: momentum=0.5,0.99 (left out: a "
            "factor of 100 either side; on a linear scale from 0 to twice the value)"
        ),
    )
    scales: dict[str, str] = dataclasses.field(
        default_factory=dict,
        metadata=_noted(
            "how the meta-level moves a hyperparameter, by its name: entropy_weight=log (left out: as its strategy "
            "says); another than the strategy's needs a range",
            choices=("log", "linear"),
        ),
    )
    sigma_range: tuple[float, float] | None = setting(None, "low,high of sigma (none: a factor of 100 either side)")
    sigma_scale: str = setting(
        "log", "how the meta-level moves sigma; linear needs a sigma_range", choices=("log", "linear")
    )
    learning_rate_range: tuple[float, float] | None = setting(
        None, "low,high of the learning rate (none: a factor of 100 either side)"
    )
    warm_start: str | None = setting(
        None,
        "generator that the meta-level starts from: a file of `bierl pretrain`, or the name of one that comes with the "
        "package; what it is made of comes with it: another value of meta, encoder_size, generator_hidden, "
        "generator_output, meta_max_move, meta_settling, adapt, history or quantiles is refused, but their default "
        "gives way, even where it is written out; meta_budget may then be 0",
    )
    warm_start_task: str | None = setting(
        None,
        "task on which this run trains its generator first, by one-step credit; its steps count; a native "
        "function there has the run's dim",
    )
    warm_start_limit: int = setting(
        1_000_000,
        "environment steps that a run spends on its warm_start_task, below total_steps",
        at_least=1,
        at_most=FAR,
    )
    meta_fitness: str = setting("one_step", "how a proposal of the meta-level is judged")
    meta_objective: str | None = setting(
        None,
        "what it measures: the return, or the fitness that the strategy's update climbs (left open: as the strategy "
        "prefers, else the return)",
        choices=("return", "fitness"),
    )
    meta_candidates: int = setting(8, "proposals per meta-update, in antithetic pairs", at_least=2, at_most=MANY)
    meta_pairs: int = setting(4, "antithetic pairs drawn to judge one proposal", at_least=1, at_most=MANY)
    meta_episodes: int = setting(2, "episodes that judge one stepped centre", at_least=1, at_most=MANY)
    meta_interval: int = setting(5, "at least this many generations between meta-updates", at_least=1, at_most=FAR)
    meta_budget: float = setting(
        0.2, "largest share of environment steps spent by the meta-level", at_least=0.0, at_most=1.0
    )
    meta_learning_rate: float = setting(1.0, "step size of the meta-level's own evolution strategy", above=0.0)
    meta_sigma: float | None = setting(
        None, "noise standard deviation on the generator's weights (none: calibrated by meta_spread)", above=0.0
    )
    meta_spread: float = setting(
        0.3, "standard deviation of ln(proposal) that the meta-level's noise aims at", above=0.0
    )
    meta_max_move: float = setting(1.5, "largest factor one meta-update moves a hyperparameter by", above=1.0)
    meta_settling: float | None = setting(
        None,
        "generations after which the moves of a relative generator are half as long, falling on with the square of "
        "their number (none: they stay as long)",
        above=0.0,
    )
    schedule_horizon: int | None = setting(
        None, "when meta-level schedule reaches its end values, in schedule_unit; stays there", at_least=1, at_most=FAR
    )
    schedule_unit: str = setting(
        "generations", "what schedule_horizon counts: generations, or env steps", choices=("generations", "steps")
    )
    schedule_shape: str = setting(
        "linear", "the way from configured to end values", choices=("linear", "cosine", "exponential")
    )
    schedule_end: tuple[float, ...] | None = setting(
        None, "end value of each hyperparameter in adapt (none: a tenth of the configured ones)"
    )
    bo_memory: str = setting(
        "forget",
        "meta-level bo: remember the last trials, or start anew at every meta-update (the authors' code)",
        choices=("forget", "restart"),
    )
    pbt_members: int = setting(
        4, "members that meta-level pbt trains side by side, the leader among them", at_least=2, at_most=MANY
    )

    reference: Reference = dataclasses.field(
        default=switches.OFF,
        metadata={"help": f"switch to the BiERL authors' behaviour: {switches.CHOICES}", "training": True},
    )

    eval_interval: int = setting(
        0, "generations between reporting evaluations; 0: none", training=False, at_least=0, at_most=FAR
    )
    eval_episodes: int = setting(10, "episodes of a reporting evaluation", training=False, at_least=1, at_most=MANY)
    target_return: float | None = setting(
        None, "end the run when a reporting evaluation's mean return is at least this", training=False
    )
    checkpoint_seconds: float = setting(
        10.0, "wall time between checkpoints; 0: after every generation", training=False, at_least=0.0
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "reference":
                value = switches.read(value)
            else:
                value = values.typed(field.name, value, hints()[field.name])
            values.check_rules(field.name, value, field.metadata)
            object.__setattr__(self, field.name, value)
        rules.check_together(self)
        check_ranges(self)

    @property
    def task_name(self) -> str:
        """The task in writing: a Python function by its import path, in angle brackets where it has none."""
        return str(self._written("task"))

    def named(self) -> Config:
        """The same settings in writing, every Python function by its import path: what a run saves."""
        names = [name for name, kind in hints().items() if any(map(values.is_function, values.kinds(kind)))]
        return self.replace(**{name: self._written(name) for name in names})

    def _written(self, name: str) -> str | None:
        value: str | Callable[..., Any] | None = getattr(self, name)
        if value is None or isinstance(value, str):
            return value
        from bierl_fast.import_path import written_name  # noqa: PLC0415

        return written_name(value)

    @property
    def pooled(self) -> bool:
        """Whether native environments run in worker processes too: threads call no functions of the user's."""
        own = callable(self.behaviour) or ":" in self.behaviour
        return self.evaluator == "pool" or self.policy is not None or own

    @property
    def learned(self) -> bool:
        """Whether the meta-level judges proposals, and so spends environment steps within meta_budget."""
        return self._meta_entry("learned")

    @property
    def adapts(self) -> bool:
        """Whether the meta-level moves hyperparameters."""
        return self._meta_entry("adapts")

    @property
    def warm(self) -> bool:
        """Whether the meta-level's generator has a warm start, from a file or of this run."""
        return self.warm_start is not None or self.warm_start_task is not None

    def _meta_entry(self, name: str) -> bool:
        # Here, because the table brings NumPy and the native module, and `bierl --help` is to be quick.
        from bierl_fast.meta.table import META_LEVELS  # noqa: PLC0415

        return self.meta not in META_LEVELS or bool(getattr(META_LEVELS[self.meta], name))

    def replace(self, **changes: Any) -> Config:
        """A copy with some settings changed, checked again."""
        return dataclasses.replace(self, **changes)

    def replace_given(self, **changes: Any) -> Config:
        """A copy with those settings changed that are not None."""
        return self.replace(**{name: value for name, value in changes.items() if value is not None})

    def continued(self, generations: int | None, total_steps: int | None, **crew: int | None) -> Config:
        """The settings of a run that goes on: with either total given, all old ends are forgotten.

        `crew` are threads and workers, changed where they are not None.
        """
        given = self.replace_given(**crew)
        if generations is None and total_steps is None:
            return given
        return given.replace(generations=generations, total_steps=total_steps, target_return=None)

    def training(self) -> dict[str, Any]:
        """The settings that can change results, switches by themselves: what ties a checkpoint to its run."""
        names = [field.name for field in dataclasses.fields(self) if field.metadata["training"]]
        plain = {name: getattr(self, name) for name in names if name != "reference"}
        return plain | {f"reference.{name}": value for name, value in dataclasses.asdict(self.reference).items()}

    def check_names(self) -> None:
        """Raise UnknownNameError, with the nearest name, for an unknown strategy or meta-level."""
        # Here, for the same reason as in `_meta_entry`.
        from bierl_fast.meta.table import META_LEVELS  # noqa: PLC0415
        from bierl_fast.strategy.table import STRATEGIES  # noqa: PLC0415

        lookup("strategy", self.strategy, STRATEGIES)
        lookup("meta-level", self.meta, META_LEVELS)

    def check_end(self) -> None:
        """Raise ConfigError unless something ends the run."""
        if self.generations is None and self.total_steps is None:
            raise ConfigError(
                "a run needs an end: give generations (--generations N), total_steps (--total-steps N) or both"
            )


@cache
def hints() -> Mapping[str, Any]:
    """The type of every setting, by name."""
    return typing.get_type_hints(Config)
