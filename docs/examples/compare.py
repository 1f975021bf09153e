"""Compare meta-levels from a mis-set start, over seeds, with intervals; interrupted, the same command goes on.

python docs/examples/compare.py [DIR]; the same tables in a TOML file are what `bierl compare SPEC.toml` takes
"""

import sys
import tempfile
from pathlib import Path

import bierl_fast as bf

SPEC = {
    "seeds": 2,  # raise to 5 and more: two say nothing
    "against": ["none"],  # whom every other one is compared with
    "base": {"total_steps": 4_000, "center_episodes": 1},  # raise to 60_000
    "tasks": [{"task": "quadratic", "dim": 20, "population": 32, "sigma": 0.1, "learning_rate": 0.1}],
    "meta_levels": [
        {"meta": "none"},
        {"name": "pre-trained", "meta": "linear", "warm_start": "linear", "meta_budget": 0.0},
    ],
    "settings": [{"name": "learning rate x0.1", "learning_rate": {"times": 0.1}}],  # {"name": "as set"} beside it
}


def main(out: Path) -> None:
    """Train all of it, one run on each core, and print the summary."""
    found = bf.compare(SPEC, out, curves=False)  # curves=True needs matplotlib
    print((out / "summary.md").read_text(encoding="utf-8"))
    print(len(found.rows), "runs, of which failed:", len(found.failures))


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp(), "comparison"))
