"""Is this value a setting? Wrong ones raise ConfigError: what was wanted, what came, what to do.

value, type -> typed -> value of exactly that type
value, rules -> check_rules          one setting alone
Config -> check_together             settings against each other
"""

from __future__ import annotations

import functools
import math
import operator
import struct
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from bierl_fast.names import unknown
from bierl_fast.run.errors import ConfigError

if TYPE_CHECKING:
    from bierl_fast.run.config import Config


def typed(name: str, value: Any, kind: Any) -> Any:
    """`value` as `kind`: integers serve as floats, lists as tuples, NumPy scalars as numbers; no more."""
    functions = [part for part in kinds(kind) if is_function(part)]
    if functions and callable(value):
        return value  # the evaluator knows which it can run
    value = plain(value)
    if name == "task_kwargs":
        check_task_kwargs(value)
    elif typing.get_origin(kind) is dict:
        return _typed_entries(name, value, typing.get_args(kind)[1])
    try:
        return msgspec.convert(value, union(part for part in kinds(kind) if part not in functions), strict=True)
    except msgspec.ValidationError:
        if name == "strategy" and all(callable(getattr(value, method, None)) for method in ("ask", "tell")):
            raise ConfigError(
                f"strategy must be the name of a strategy, which the run makes, got {type(value).__name__}; an object "
                "with ask and tell, bf.AskTell around an optimizer too, is for the loop of ask, evaluate and tell that "
                "docs/strategies.md shows"
            ) from None
        raise ConfigError(f"{name} must be {describe(kind)}, got {value!r}") from None


def _typed_entries(name: str, value: Any, kind: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{name} must be a table, with {describe(kind)} for each name in it, got {value!r}")
    return {key: typed(f"{name}.{key}", item, kind) for key, item in value.items()}


def plain(value: Any) -> Any:
    """`value` as TOML would give it back: NumPy as numbers and lists, tuples as lists."""
    if type(value).__module__ == "numpy":  # not imported: `bierl --help` is to be quick
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def check_task_kwargs(value: Any) -> None:
    """Raise unless `value` can be written to TOML and read back equal."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"task_kwargs must be a dict with names as keys, got {value!r}")
    for key, item in value.items():
        for leaf in _leaves(item):
            if not isinstance(leaf, bool | int | float | str):
                raise ConfigError(
                    f"task_kwargs[{key!r}] must hold numbers, strings, booleans, lists or dicts, "
                    f"got {leaf!r}; leave out an argument that is None"
                )


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]


def kinds(kind: Any) -> tuple[Any, ...]:
    """The types that `kind` is a union of; itself alone otherwise."""
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def union(parts: Iterable[Any]) -> Any:
    """The type of whatever is of one of these."""
    return functools.reduce(operator.or_, parts)


def is_function(kind: Any) -> bool:
    """Whether `kind` is that of Python functions, which stand beside their import paths."""
    return typing.get_origin(kind) is Callable


def describe(kind: Any) -> str:
    """A type in words."""
    names = {int: "an integer", float: "a number", str: "a string", bool: "true or false", types.NoneType: "none"}
    if kind in names:
        return names[kind]
    if isinstance(kind, types.UnionType):
        return " or ".join(describe(part) for part in typing.get_args(kind))
    if is_function(kind):
        return "a Python function"
    items = typing.get_args(kind)
    if typing.get_origin(kind) is tuple and items[-1] is not Ellipsis:
        return f"{len(items)} values, each {describe(items[0])}"
    return f"a list, each {describe(items[0])}" if items else str(kind)


def check_rules(name: str, value: Any, rules: Mapping[str, Any]) -> None:
    """Raise unless a setting, or each entry of a table, keeps its field's rules: choices, at_least, at_most, above."""
    if value is None:
        return
    if isinstance(value, dict):
        if "choices" in rules:
            for key, item in value.items():
                check_rules(f"{name}.{key}", item, rules)
        return
    if "choices" in rules and value not in rules["choices"]:
        raise unknown(name, value, rules["choices"])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    wanted = [f"{text} {rules[rule]}" for rule, text in _BOUNDS.items() if rule in rules]
    inside = (
        value >= rules.get("at_least", -math.inf)
        and value <= rules.get("at_most", math.inf)
        and value > rules.get("above", -math.inf)
    )
    if not math.isfinite(value) or not inside:
        finite = ["finite"] if isinstance(value, float) else []
        raise ConfigError(f"{name} must be {' and '.join(finite + wanted)}, got {value!r}")


def check_names_list(name: str, value: Any) -> None:
    """Raise for one string in place of several: it would be taken letter by letter."""
    if isinstance(value, str):
        raise ConfigError(f"{name} must be a list of names, got {value!r}; give [{value!r}]")


# csa on a quadratic of 100 dimensions, sigma and learning rate from a tenth to ten times too large: it converges at
# momentum 0 and 0.5 under Adam, as with the plain step, and diverges at 0.9 under Adam, ClipUp and momentum.
MOST_MOMENTUM = 0.5

_BOUNDS = {"at_least": "at least", "above": "above", "at_most": "at most"}


def check_together(config: Config) -> None:
    """Raise when settings are at odds with each other."""
    if isinstance(config.task, str) and not config.task.strip():
        raise ConfigError("task must be the id of a task, got ''; `bierl tasks` lists them")
    if config.vectorized and config.dim is None:
        raise ConfigError("vectorized is for functions, which need dim, the number of their parameters; got none")
    for name, what in (("population", "candidates"), ("meta_candidates", "proposals")):
        count = getattr(config, name)
        if count % 2:
            raise ConfigError(f"{name} must be even ({what} come in antithetic pairs), got {count}; take {count + 1}")
    if any(not 1 <= size <= 2**16 for size in config.hidden):
        raise ConfigError(
            f"hidden must hold layer sizes of at least 1 and at most {2**16}, got {list(config.hidden)}; "
            "a linear policy is an empty list"
        )
    _check_rows(config)
    if config.target_return is not None and config.eval_interval == 0:
        raise ConfigError(
            "target_return is compared with reporting evaluations, and there are none; give eval_interval, the "
            "generations between them"
        )
    if config.adapt is not None and len(set(config.adapt)) != len(config.adapt):
        raise ConfigError(f"adapt must name each hyperparameter once, got {list(config.adapt)}")
    _check_warm_start(config)
    if config.learned and not config.warm and config.meta_budget == 0:
        raise ConfigError(
            f"meta_budget must be above 0 for the learned meta-level {config.meta!r}, got 0; "
            "give it a share of the steps (0.2) or take meta = 'none'"
        )
    momentum = 1.0 if config.momentum is None else config.momentum
    if config.meta == "csa" and config.optimizer not in {None, "gradient"} and momentum > MOST_MOMENTUM:
        raise ConfigError(
            f"meta 'csa' needs optimizer 'gradient' or a momentum of at most {MOST_MOMENTUM}, got optimizer "
            f"{config.optimizer!r} and momentum {config.momentum or 'left open'}: with more, steps that are too long "
            "still look consistent, and grow without end"
        )
    if config.adapts and config.adapt == ():
        raise ConfigError(
            f"adapt must name a hyperparameter for the meta-level {config.meta!r}, got none; or take meta = 'none'"
        )


def _check_warm_start(config: Config) -> None:
    if config.warm_start is not None and config.warm_start_task is not None:
        raise ConfigError("a run has one warm start: give warm_start (a file) or warm_start_task, not both")
    limit, total = config.warm_start_limit, config.total_steps
    if config.warm_start_task is not None and total is not None and limit >= total:
        raise ConfigError(
            f"warm_start_limit must be below total_steps, which the steps of the warm start count towards, got {limit} "
            f"and {total}; lower warm_start_limit or raise total_steps"
        )
    if config.warm and not config.learned:
        raise ConfigError(f"a warm start is for the generator of a learned meta-level, and {config.meta!r} has none")


def _check_rows(config: Config) -> None:
    """Rows of a batch are numbered in 32 bits."""
    inner = config.population * config.episodes_per_candidate + config.center_episodes
    meta = config.meta_candidates * max(2 * config.meta_pairs * config.episodes_per_candidate, config.meta_episodes)
    for names, rows in (
        ("population, episodes_per_candidate and center_episodes", inner),
        ("meta_candidates, meta_pairs, meta_episodes and episodes_per_candidate", meta),
        ("population and pbt_members", inner * (config.pbt_members - 1) if config.meta == "pbt" else 0),
    ):
        if rows >= 2**31:
            raise ConfigError(f"{names} must give fewer than {2**31} episodes in one batch, got {rows}")


def check_float32(name: str, value: float) -> None:
    """Raise unless `value`, rounded to single precision as the kernels take it, is finite and above 0."""
    try:
        (rounded,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        rounded = math.inf
    if not 0.0 < rounded < math.inf:
        raise ConfigError(f"{name} must be above 0 and finite in single precision (1e-45 to 3.4e38), got {value}")
