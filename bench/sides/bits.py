"""Does a list of runs with whichever bierl_fast is imported, in one process, and writes down what came of each.

    RUNS.json -> OUT/NUMBER/ (a run's files), OUT/results.jsonl      python bits.py RUNS.json OUT
    python bits.py --tables                                         the names to make such a list from, as JSON

The public API alone (but for the two tables' names), so that it runs with any commit.
"""

from __future__ import annotations

import functools
import inspect
import json
import shutil
import sys
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bierl_fast as bf

PACKAGE = Path(bf.__file__).parent
REFUSALS = {"ConfigError", "UnknownNameError"}  # by name: not every commit exports them
Run = dict[str, Any]


def tables() -> dict[str, Any]:
    """Every name of strategies, meta-levels, presets and packaged generators, and where the package lies.

    Presets with their meta-levels; `foreign`: the settings of other meta-levels, which each refuses, where it does.
    """
    from bierl_fast.meta.table import META_LEVELS  # noqa: PLC0415
    from bierl_fast.strategy.table import STRATEGIES  # noqa: PLC0415

    taken: dict[str, frozenset[str]] = {name: getattr(line, "taken", frozenset()) for name, line in META_LEVELS.items()}
    every = frozenset[str]().union(*taken.values())
    presets = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in (PACKAGE / "presets").glob("*.toml")}
    return {
        "package": str(PACKAGE),
        "strategies": list(STRATEGIES),
        "meta_levels": list(META_LEVELS),
        "presets": {name: presets[name].get("meta") for name in sorted(presets)},
        "foreign": {name: sorted(every - own) for name, own in taken.items()},
        "warm_starts": sorted(path.stem for path in (PACKAGE / "warm_starts").glob("*.npz")),
    }


def trusting(call: Callable[..., Any]) -> Callable[..., Any]:
    """A call that imports what the other side's files name, where the commit asks about that."""
    asks = "trust" in inspect.signature(call).parameters
    return functools.partial(call, trust=True) if asks else call


def done(run: Run, folder: Path) -> Any:
    """Do one run into `folder`; what it answers besides its files, as JSON has it."""
    kind = run["kind"]
    if kind == "train":
        preset = run.get("preset")
        base = tomllib.loads((PACKAGE / "presets" / f"{preset}.toml").read_text("utf-8")) if preset else {}
        bf.train(bf.Config(**{**base, **run["settings"]}), folder)
    elif kind == "resume":
        shutil.copytree(run["source"], folder)
        trusting(bf.resume)(folder, generations=run["generations"])
    elif kind == "evaluate":
        return trusting(bf.evaluate)(run["source"], **run["settings"])
    elif kind == "diagnose":
        return trusting(bf.diagnose)(run["source"], **run["settings"])
    elif kind == "pretrain":
        folder.mkdir()
        bf.pretrain(folder / "warm_start.npz", **run["settings"])
    else:
        raise ValueError(f"kind must be train, resume, evaluate, diagnose or pretrain, got {kind!r}")
    return None


def main() -> int:
    """Command line."""
    if sys.argv[1:] == ["--tables"]:
        print(json.dumps(tables()))
        return 0
    runs, out = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2])
    out.mkdir(parents=True)
    warnings.simplefilter("ignore")  # a run of a few generations is warned of much; old spellings are, too
    with (out / "results.jsonl").open("w", encoding="utf-8") as results:
        for number, run in enumerate(runs):
            result: Run = {"name": run["name"], "folder": str(out / str(number))}
            try:
                result |= {"outcome": "done", "answer": done(run, out / str(number))}
            except Exception as error:  # whatever a commit raises is compared
                names = [kind.__name__ for kind in type(error).__mro__ if kind not in Exception.__mro__]
                refused = bool(REFUSALS.intersection(names))
                result |= {"outcome": "refused" if refused else "failed", "error": names, "message": str(error)}
            results.write(json.dumps(result) + "\n")
            results.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
