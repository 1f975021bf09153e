"""One run in a few lines of HTML, for a notebook: where it stands, and its returns as a small line.

Colors are the notebook's own, so that it looks right in a light and in a dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from bierl_fast.messages import F64

WIDTH, HEIGHT = 260, 54
MOST = 130  # points: one for every other pixel
STYLE = (
    "font:13px/1.45 system-ui,sans-serif;display:inline-flex;flex-wrap:wrap;gap:6px 22px;align-items:center;"
    "padding:10px 16px;border:1px solid rgba(128,128,128,.35);border-radius:10px;max-width:100%;box-sizing:border-box"
)


def card(title: str, facts: Sequence[tuple[str, str]], returns_g: F64) -> str:
    """The HTML; texts are shown as they are written.

    Args:
        title: of the run.
        facts: (name, value), a few.
        returns_g: (G,) drawn where they are finite.
    """
    numbers = "".join(
        f'<div><div style="opacity:.65;font-size:12px">{escape(name)}</div>'
        f'<div style="font-weight:600;font-variant-numeric:tabular-nums">{escape(value)}</div></div>'
        for name, value in facts
    )
    return (
        f'<div style="{STYLE}"><div style="font-weight:650;font-size:15px;width:100%">{escape(title)}</div>'
        f"{numbers}{_line(returns_g)}</div>"
    )


def _line(returns_g: F64) -> str:
    there_g = returns_g[np.isfinite(returns_g)]
    if there_g.size < 2:
        return ""
    kept = np.unique(np.linspace(0, there_g.size - 1, MOST).round().astype(int))
    low, high = float(there_g.min()), float(there_g.max())
    across = 2 + (WIDTH - 4) * kept / (there_g.size - 1)
    # Halved before they are subtracted: the largest floats have no difference.
    share = (there_g[kept] / 2 - low / 2) / (high / 2 - low / 2 or 1.0)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, 2 + (HEIGHT - 4) * (1 - share), strict=True))
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="returns" '
        'style="max-width:100%"><polyline fill="none" stroke="#3b82f6" stroke-width="2" stroke-linejoin="round" '
        f'points="{points}"/></svg>'
    )
