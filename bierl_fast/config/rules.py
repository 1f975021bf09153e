"""Settings against each other: wrong ones raise ConfigError, which says what to do and names those at fault.

Config -> check_together
"""

from __future__ import annotations

from bierl_fast.config.sections import Settings
from bierl_fast.errors import ConfigError
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.two_point import TwoPointSettings


def check_together(config: Settings) -> None:
    """Raise when settings are at odds with each other."""
    if isinstance(config.task, str) and not config.task.strip():
        raise ConfigError("task must be the id of a task, got ''; `bierl tasks` lists them", ["task"])
    if config.vectorized and config.dim is None:
        raise ConfigError(
            "vectorized is for functions, which need dim, the number of their parameters; got none",
            ["vectorized", "dim"],
        )
    for name, what in (("population", "candidates"), ("meta_candidates", "proposals")):
        count = getattr(config, name)
        if count is not None and count % 2:
            raise ConfigError(
                f"{name} must be even ({what} come in antithetic pairs), got {count}; take {count + 1}", [name]
            )
    if any(not 1 <= size <= 2**16 for size in config.hidden):
        raise ConfigError(
            f"hidden must hold layer sizes of at least 1 and at most {2**16}, got {list(config.hidden)}; "
            "a linear policy is an empty list",
            ["hidden"],
        )
    _check_rows(config)
    if config.target_return is not None and config.eval_interval == 0:
        raise ConfigError(
            "target_return is compared with reporting evaluations, and there are none; give eval_interval, the "
            "generations between them",
            ["target_return", "eval_interval"],
        )
    if config.adapt is not None and len(set(config.adapt)) != len(config.adapt):
        raise ConfigError(f"adapt must name each hyperparameter once, got {list(config.adapt)}", ["adapt"])
    _check_warm_start(config)
    if config.learned and config.meta != meta_levels.AUTO and not config.warm and not config.learns:
        name = "meta_budget"
        raise ConfigError(
            f"{name} must be above 0 for the learned meta-level {config.meta!r}, got 0; "
            "give it a share of the steps (0.2) or take meta = 'none'",
            [name, "meta"],
        )
    _check_momentum(config)
    config.section(TwoPointSettings)  # which says what can be no band
    if config.adapts and config.adapt == ():
        raise ConfigError(
            f"adapt must name a hyperparameter for the meta-level {config.meta!r}, got none; or take meta = 'none'",
            ["adapt", "meta"],
        )


def _check_momentum(config: Settings) -> None:
    found = meta_levels.META_LEVELS.get(config.meta)
    most = None if found is None else found.most_momentum
    momentum = 1.0 if config.momentum is None else config.momentum
    if most is not None and config.optimizer not in {None, "gradient"} and momentum > most:
        raise ConfigError(
            f"meta {config.meta!r} needs optimizer 'gradient' or a momentum of at most {most}, got optimizer "
            f"{config.optimizer!r} and momentum {config.momentum or 'left open'}: with more, steps that are too long "
            "still look consistent, and grow without end",
            ["meta", "optimizer", "momentum"],
        )


def _check_warm_start(config: Settings) -> None:
    if config.warm_start == "":
        raise ConfigError("warm_start must name a file or one of the package, got ''; leave it out", ["warm_start"])
    if config.warm_start is not None and config.warm_start_task is not None:
        raise ConfigError(
            "a run has one warm start: give warm_start (a file) or warm_start_task, not both",
            ["warm_start", "warm_start_task"],
        )
    limit, total = config.warm_start_limit, config.total_steps
    if config.warm_start_task is not None and total is not None and limit >= total:
        raise ConfigError(
            f"warm_start_limit must be below total_steps, which the steps of the warm start count towards, got {limit} "
            f"and {total}; lower warm_start_limit or raise total_steps",
            ["warm_start_limit", "total_steps"],
        )
    if config.warm and not config.learned:
        given = "warm_start" if config.warm_start is not None else "warm_start_task"
        raise ConfigError(
            f"a warm start is for the generator of a learned meta-level, and {config.meta!r} has none", [given, "meta"]
        )


def _check_rows(config: Settings) -> None:
    """Rows of a batch are numbered in 32 bits."""
    inner = config.population * config.episodes_per_candidate + config.center_episodes
    meta = (config.meta_candidates or 0) * max(
        2 * config.meta_pairs * config.episodes_per_candidate, config.meta_episodes
    )
    for names, rows in (
        (["population", "episodes_per_candidate", "center_episodes"], inner),
        (["meta_candidates", "meta_pairs", "meta_episodes", "episodes_per_candidate"], meta),
        (["population", "pbt_members"], inner * (config.pbt_members - 1) if config.meta == "pbt" else 0),
    ):
        if rows >= 2**31:
            text = f"{', '.join(names[:-1])} and {names[-1]}"
            raise ConfigError(f"{text} must give fewer than {2**31} episodes in one batch, got {rows}", names)
