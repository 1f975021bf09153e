"""The page of settings, read from the package: what each means, its default and its values stand there, once.

the sections that Config is made of, the strategies' table -> sections -> markdown
"""

from __future__ import annotations

import dataclasses
from typing import Any

from bierl_fast.config.sections import NAMES, SECTIONS
from bierl_fast.strategy.table import STRATEGIES, declared, options, which_declare

BOUNDS = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}
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
    """Heading -> its settings, in the order of Config's sections."""
    found: dict[str, list[Setting]] = {}
    for section in SECTIONS:
        own = found.setdefault(section.title[0].upper() + section.title[1:], [])
        for name, field in section.settings().items():
            rules = field.metadata
            own.append(Setting(name, _default(field), rules["help"], _values(name, rules), _takers(name, rules)))
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
        few, many = declared(strategy, 4), declared(strategy, 400)
        shown = []
        for name, spec in few.items():
            fixed = spec.default == many[name].default
            text = f"{name} {spec.default:.4g}" if fixed else f"{name} by the number of parameters"
            shown.append(text if spec.adaptable else f"({text})")
        lines.append(f"| `{strategy}` | {', '.join(shown)} |")
    return "\n".join(lines)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "required" if field.default_factory is dataclasses.MISSING else "empty"
    if isinstance(field.default, tuple):
        return f"`{','.join(map(str, field.default))}`"
    return f"`{field.default}`" if isinstance(field.default, str | int | float) else "left open"


def _values(name: str, rules: Any) -> str:
    choices = rules.get("choices", NAMES.get(name))
    if choices is not None:
        return f"one of {', '.join(choices)}"
    return " and ".join(f"{words} {rules[rule]:g}" for rule, words in BOUNDS.items() if rules.get(rule, FAR) < FAR)


def _takers(name: str, rules: Any) -> tuple[str, ...]:
    """Of a strategy's own option or hyperparameter; empty where all take it."""
    if rules.get("hyperparameter"):
        taken = which_declare(name)
    else:
        taken = [each for each in STRATEGIES if name in options(each)]
    return () if len(taken) == len(STRATEGIES) else tuple(taken)
