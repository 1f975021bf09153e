"""The page of settings, read from the package: what each means, its default and its values stand there, once.

Config's fields, the strategies' table -> sections -> markdown
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import numpy as np

from bierl_fast import Config, make_evaluator, make_strategy
from bierl_fast.strategy.table import STRATEGIES, options

OF_THE_RUN = ("strategy", "meta", "seed", "reference")
BOUNDS = {"at_least": "at least", "above": "above", "at_most": "at most"}
FAR = 2**16  # bounds from here on only keep numbers representable


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting as the page shows it."""

    name: str
    default: str
    text: str
    values: str  # which it may have, besides what its default's type says; may be empty
    takers: tuple[str, ...] = ()  # the strategies that take it; none: every run may


def sections() -> dict[str, list[Setting]]:
    """Heading -> its settings, in Config's order. All that knows where settings are declared."""
    found: dict[str, list[Setting]] = {}
    for field in dataclasses.fields(Config):
        rules = field.metadata
        setting = Setting(field.name, _default(field), rules["help"], _values(rules), _takers(field.name, rules))
        found.setdefault(_heading(field.name, rules), []).append(setting)
    return found


def markdown() -> str:
    """The sections as tables, and what each strategy declares."""
    tables = [f"## {heading}\n\n{_table(settings)}" for heading, settings in sections().items()]
    return "\n\n".join([*tables, f"## Each strategy's hyperparameters\n\n{_declared_table()}"])


def _table(settings: list[Setting]) -> str:
    lines = ["| setting | default | what it means |", "|---|---|---|"]
    for each in settings:
        facts = [each.text, each.values, f"of {', '.join(each.takers)}" if each.takers else ""]
        meaning = "; ".join(filter(None, facts)).replace("|", "\\|")
        lines.append(f"| `{each.name}` | {each.default} | {meaning} |")
    return "\n".join(lines)


def _declared_table() -> str:
    lines = ["| strategy | defaults; in brackets: not for a meta-level |", "|---|---|"]
    for strategy in STRATEGIES:
        few, many = _declared(strategy, 4), _declared(strategy, 400)
        shown = []
        for name, spec in few.items():
            fixed = spec.default == many[name].default
            text = f"{name} {spec.default:.4g}" if fixed else f"{name} by the number of parameters"
            shown.append(text if spec.adaptable else f"({text})")
        lines.append(f"| `{strategy}` | {', '.join(shown)} |")
    return "\n".join(lines)


def _heading(name: str, rules: Any) -> str:
    if rules.get("hyperparameter"):
        return "Hyperparameters"
    if rules.get("option"):
        return "Strategies"
    if name in inspect.signature(make_evaluator).parameters or name == "log_std_noise_scale":
        return "Task, policy and episodes"
    return "Run" if name in OF_THE_RUN or not rules["training"] else "Meta-levels"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "required" if field.default_factory is dataclasses.MISSING else "empty"
    if isinstance(field.default, tuple):
        return f"`{','.join(map(str, field.default))}`"
    return f"`{field.default}`" if isinstance(field.default, str | int | float) else "left open"


def _values(rules: Any) -> str:
    if "choices" in rules:
        return f"one of {', '.join(rules['choices'])}"
    return " and ".join(f"{words} {rules[rule]:g}" for rule, words in BOUNDS.items() if rules.get(rule, FAR) < FAR)


def _takers(name: str, rules: Any) -> tuple[str, ...]:
    """Of a strategy's own option or hyperparameter; empty where all take it."""
    if rules.get("hyperparameter"):
        taken = [each for each in STRATEGIES if name in _declared(each)]
    elif rules.get("option"):
        taken = [each for each in STRATEGIES if name in options(each)]
    else:
        return ()
    return () if len(taken) == len(STRATEGIES) else tuple(taken)


def _declared(strategy: str, size: int = 4) -> Any:
    """What it declares: most say so in their class, the others once they know the number of parameters."""
    of_class = getattr(STRATEGIES[strategy], "declared", None)
    return of_class or make_strategy(strategy, mean=np.zeros(size, np.float32)).declared
