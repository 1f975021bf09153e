"""The page of settings, read from the package: what each means, its default and its values stand there, once.

the sections that Config is made of, the tables of strategies, meta-levels and evaluators -> sections -> markdown
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from bierl_fast.config.foreign import of_meta_levels, of_strategies
from bierl_fast.config.sections import NAMES, SECTIONS
from bierl_fast.evaluation.table import BACKENDS
from bierl_fast.meta import table as meta_levels
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.strategy import table as strategies
from bierl_fast.strategy.table import STRATEGIES, declared, which_declare

BOUNDS = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}
FAR = 2**16  # bounds from here on only keep numbers representable


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting as the page shows it."""

    name: str
    default: str
    text: str
    values: str  # which it may have, besides what its default's type says; may be empty
    takers: str = ""  # the strategies, meta-levels or evaluators that take it; empty: every run may


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
        facts = [each.text, each.values, each.takers]
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


def _takers(name: str, rules: Any) -> str:
    """Whose setting it is, where not every run may have it."""
    if rules.get("hyperparameter"):
        return _of("strategy", which_declare(name), STRATEGIES)
    if name in of_strategies():
        return _of("strategy", strategies.which_take(name), STRATEGIES)
    if name in of_meta_levels():
        return _of("meta-level", meta_levels.which_take(name), META_LEVELS)
    own = [each for each, line in BACKENDS.items() if any(name in section.settings() for section in line.sections)]
    return _of("evaluator", own, BACKENDS) if own else ""


def _of(kind: str, takers: Collection[str], all_there_are: Collection[str]) -> str:
    """In words; empty where all take it. Of nearly all, who does not."""
    left = [each for each in all_there_are if each not in takers]
    if len(left) < len(takers):
        return f"of every {kind} but {', '.join(left)}" if left else ""
    return f"of {kind} {', '.join(takers)}"
