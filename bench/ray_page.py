"""The tables of docs/scaling.md, and its picture, from what ray_costs.py and ray_simulator.py wrote.

results/ray_*.json -> docs/scaling.md between its marks, docs/images/scaling.svg

python bench/ray_page.py
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from common import RESULTS

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "scaling.md", DOCS / "images" / "scaling.svg"
SHOWN = "Hopper-v5, after 40 generations"
TOLD = {
    "send": "a chunk, to send it",
    "send_row": "for each row in it",
    "get": "an answer, to take it apart",
    "get_row": "for each row in it",
    "way": "a message one way",
    "put": "what all chunks share, put into the store",
    "put_byte": "for each byte of it",
    "fetch": "the same, fetched by another node",
    "fetch_byte": "for each byte of it",
    "chunk": "a chunk on a node, besides its env steps",
    "wake_call": "a look at what has come in, for each call that is out",
    "learn": "the strategy's update, for each row and parameter",
}


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"ray_{name}.json").read_text(encoding="utf-8"))
    return found


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seconds(value: float) -> str:
    if value >= 1e-3:
        return f"{value:.3g} s"
    return f"{1e6 * value:.3g} us" if value >= 1e-7 else f"{1e9 * value:.2g} ns"


def costs() -> str:
    found = read("costs")["costs"]
    return table(["what", "costs"], [[text, seconds(found[name])] for name, text in TOLD.items()])


def check() -> str:
    rows = [
        [each["what"], str(each["nodes"]), f"{each['seconds'][1]:.2f} s", f"{100 * each['error']:+.0f} %"]
        for each in read("simulator_check")["check"]
    ]
    return table(["generation", "nodes", "median", "the model"], rows)


def play() -> str:
    scaling = [each for each in read("simulator_play")["scaling"] if each["threads"] == 16]
    nodes = sorted({each["nodes"] for each in scaling})
    found = {(each["task"], each["rows"], each["nodes"]): each for each in scaling}
    rows = []
    for task, count in sorted({(each["task"], each["rows"]) for each in scaling}, key=lambda pair: pair[::-1]):
        cells = [found.get((task, count, each)) for each in nodes]
        told = ["" if cell is None else f"{cell['seconds']:.3g} s ({100 * cell['efficiency']:.0f} %)" for cell in cells]
        rows.append([f"{count:,} rows of {task}", *told])
    return table(["generation", *(f"{each:,} nodes" if each > 1 else "1 node" for each in nodes)], rows)


def troubles() -> str:
    rows = [
        [each["what"], f"{each['seconds'][1]:.2f} s", f"{100 * each['again']:.1f} %"]
        for each in read("simulator_play")["troubles"]
    ]
    return table(["trouble", "median", "work done once more"], rows)


def draw() -> None:
    """Strong scaling, and the driver's share of the time."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    from matplotlib import pyplot  # noqa: PLC0415

    pyplot.rcParams.update({"svg.fonttype": "none", "font.size": 9, "svg.hashsalt": "bierl"})
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.0, 3.6), layout="constrained")
    kept = [each for each in read("simulator_play")["scaling"] if (each["task"], each["threads"]) == (SHOWN, 16)]
    for rows in sorted({each["rows"] for each in kept}):
        line = sorted((each for each in kept if each["rows"] == rows), key=lambda each: each["nodes"])
        if len(line) > 1:
            nodes = [each["nodes"] for each in line]
            left.plot(nodes, [each["work"] / each["seconds"] / 16 for each in line], "o-", ms=3, label=f"{rows:,} rows")
            right.plot(nodes, [each["driver"] / each["seconds"] for each in line], "o-", ms=3)
    most = max(each["nodes"] for each in kept)
    left.plot([1, most], [1, most], color="0.6", lw=0.8, ls="--")
    left.set(xscale="log", yscale="log", xlabel="nodes of 16 threads", ylabel="nodes' worth of work")
    right.set(xscale="log", xlabel="nodes of 16 threads", ylabel="share of the time the driver is busy", ylim=(0, 1.02))
    left.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> int:
    """Command line."""
    text = PAGE.read_text(encoding="utf-8")
    for made in (costs, check, play, troubles):
        mark = f"<!-- {made.__name__}: made by bench/ray_page.py -->"
        text, times = re.subn(rf"({re.escape(mark)}\n).*?(<!-- end -->)", rf"\1\n{made()}\n\n\2", text, flags=re.DOTALL)
        assert times == 1, mark
    PAGE.write_text(text, encoding="utf-8")
    draw()
    return 0


if __name__ == "__main__":
    sys.exit(main())
