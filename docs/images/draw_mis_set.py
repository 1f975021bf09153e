"""Draws what fixed hyperparameters and a meta-level reach from good and from mis-set starts.

    bench/results/robustness.csv, robustness_auto.csv -> svg -> mis_set.svg (auto), mis_set_trained.svg (pre-trained)

python docs/images/draw_mis_set.py
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from bierl_fast.comparison.results import read_csv, scored

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "bench" / "results"
FILES = "robustness.csv", "robustness_auto.csv"
TASKS = ("HalfCheetah", "Swimmer", "InvertedDoublePendulum", "quadratic")
STARTS = ("preset", "sigma x0.1", "sigma x10", "learning rate x0.1", "learning rate x10")
FIXED = "none"
PICTURES = {  # file -> meta-level, and how it is called for
    "mis_set.svg": ("auto", "the same start, with --meta auto"),
    "mis_set_trained.svg": (
        "linear pre-trained",
        "the same start, with --meta linear --warm-start linear --meta-budget 0",
    ),
}
LEFT, TOP, WIDE, HIGH, GAP = 142, 74, 150, 26, 28  # of the first panel; of a panel's axis; of a row; between panels
STYLE = """<style>
.back{fill:#fff} text{fill:#1b1b1b;text-anchor:middle} .right{text-anchor:end} .left{text-anchor:start}
.name{font-weight:bold} .axis{stroke:#999} .grid{stroke:#e4e4e4} .way{stroke:#8fb28f;stroke-width:2.5}
.fixed{fill:#fff;stroke:#b3402e;stroke-width:2} .trained{fill:#2c7a3f}
</style>"""


def scores(meta: str) -> dict[tuple[str, str], float]:
    """(task, start) -> median score over seeds: 0 the untrained policy, 1 the best fixed start."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in scored([row for name in FILES for row in read_csv(RESULTS / name)]):
        if row.meta == meta and row.score is not None:
            found.setdefault((row.task, row.setting), []).append(row.score)
    return {place: median(values) for place, values in found.items()}


def svg(name: str) -> str:
    """One of PICTURES."""
    meta, told = PICTURES[name]
    fixed_scores, own_scores, bottom = scores(FIXED), scores(meta), TOP + HIGH * len(STARTS)
    width, height = LEFT + len(TASKS) * (WIDE + GAP), bottom + 48
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12" role="img">',
        "<title>Score from good and mis-set starts, fixed hyperparameters and a meta-level</title>",
        STYLE,
        f'<rect class="back" width="{width}" height="{height}" rx="8"/>',
        f'<circle class="fixed" cx="{LEFT}" cy="22" r="5"/><text class="left" x="{LEFT + 12}" y="26">fixed '
        "hyperparameters</text>",
        f'<circle class="trained" cx="{LEFT + 190}" cy="22" r="5"/><text class="left" x="{LEFT + 202}" y="26">'
        f"{told}</text>",
    ]
    for row, start in enumerate(STARTS):
        lines.append(f'<text class="right" x="{LEFT - 20}" y="{_y(row) + 4}">{start}</text>')
    for column, task in enumerate(TASKS):
        left = LEFT + column * (WIDE + GAP)
        lines.append(f'<text class="name" x="{left + WIDE / 2}" y="{TOP - 14}">{task}</text>')
        for mark in (0.0, 0.5, 1.0):
            x, kind = left + WIDE * mark, "grid" if mark else "axis"
            lines.append(f'<path class="{kind}" d="M{x} {TOP}V{bottom}"/>')
            lines.append(f'<text x="{x}" y="{bottom + 16}">{mark:g}</text>')
        for row, start in enumerate(STARTS):
            both = fixed_scores[task, start], own_scores[task, start]
            fixed, trained = (left + WIDE * min(1.0, max(-0.05, score)) for score in both)
            lines.append(f'<path class="way" d="M{fixed:.1f} {_y(row)}H{trained:.1f}"/>')
            lines.append(f'<circle class="fixed" cx="{fixed:.1f}" cy="{_y(row)}" r="5"/>')
            lines.append(f'<circle class="trained" cx="{trained:.1f}" cy="{_y(row)}" r="5"/>')
    middle = LEFT + (width - LEFT - GAP) / 2
    lines.append(
        f'<text x="{middle}" y="{bottom + 36}">score: 0 the untrained policy, 1 the best fixed start; median of 5 '
        "seeds (HalfCheetah 3), at equal env steps</text>"
    )
    return "\n".join([*lines, "</svg>", ""])


def _y(row: int) -> int:
    return TOP + HIGH * row + HIGH // 2


if __name__ == "__main__":
    for picture in PICTURES:
        (HERE / picture).write_text(svg(picture), encoding="utf-8")
