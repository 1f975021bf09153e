"""What a file of a generator says of its training, for people and programs: how it was made, and its curve.

WarmStart -> facts -> JSON, or in_lines
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bierl_fast.columns import lines
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.pretraining.validation import Validated

HEAD = ("round", "of what there was to gain", "better than the rule", "the rule", "fixed")


def facts(path: Path) -> dict[str, Any]:
    """The file, its generator (meta, weights, signals), steps, made (how it was trained), curve, and kept.

    curve: what each validation found (Validated, by name), first to last; empty where the training had none. kept: the
    round whose weights the file holds; None where the curve does not say.

    Raises:
        ArchiveError: the file holds no generator.
    """
    found = WarmStart.load(path)
    curve = [Validated.of(numbers) for numbers in found.training.get("curve", ())]
    best = max(curve, key=lambda each: each.value, default=None)  # of equal ones the first, as the training keeps it
    return {
        "path": str(path),
        "meta": found.shape.meta,
        "weights": int(found.weights.size),
        "signals": list(found.shape.signals),
        "steps": found.steps,
        "made": found.made,
        "curve": [{name: float(value) for name, value in asdict(each).items()} for each in curve],
        "kept": None if best is None else int(best.round),
    }


def in_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    made = {name: value for name, value in found["made"].items() if value not in (None, (), [])}
    text = [
        f"{found['path']}: a generator, {found['meta']}, {found['weights']} weights, {found['steps']:,} env steps",
        f"  reads {', '.join(found['signals'])}",
        f"  made with {', '.join(f'{name} {_plain(value)}' for name, value in made.items())}",
    ]
    if found["curve"]:
        rows = [
            (f"{p['round']:.0f}", f"{p['score']:.3f}", f"{p['better']:.0%}", f"{p['rule_score']:.3f}",
             f"{p['fixed_score']:.3f}")
            for p in found["curve"]
        ]  # fmt: skip
        text += ["validated on problems kept apart:", *lines([HEAD, *rows], indent="  ")]
        text.append(f"it holds the weights of round {found['kept']}, which validated best")
    return text


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
