"""Imports point one way, and importing the package costs next to nothing."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest
from helpers.subprocesses import TESTS, run

PACKAGE = Path(__file__).parents[1] / "bierl_fast"
BOTTOM = {
    "messages",
    "names",
    "errors",
    "values",
    "settings",
    "files",
    "archive",
    "machine",
    "import_path",
    "reasons",
    "trust",
    "hyperparameters",
    "by_value",
    "frozen",
    "public",
    "_library",
    "_native",
    "_box2d",
    "finite",
    "kernels",
    "_torch",
    "torch_threads",
    "optional",
    "outputs",
    "logs",
    "turns",
    "columns",
}
# What each part may import besides itself. `strategy` and `evaluation` do not see each other.
SEES: dict[str, set[str]] = {
    "messages": {"errors", "hyperparameters", "public"},
    "_registration": set(),
    "_torch": {"errors"},
    "names": {"errors"},
    "errors": {"reasons"},
    "reasons": set(),
    "logs": set(),
    "values": {"errors", "names"},
    "optional": {"errors"},
    "outputs": {"errors", "files", "names"},
    "settings": {"errors", "values", "names"},
    "files": {"errors"},
    "machine": {"_native"},  # asked what it was built with, where it is there
    "import_path": {"errors", "reasons"},
    "trust": {"_registration", "errors", "import_path"},
    "hyperparameters": {"errors", "public"},
    "by_value": {"errors", "reasons"},
    "torch_threads": {"_torch"},
    "frozen": {"errors"},
    "public": {"errors"},
    "_core": {"messages"},
    "_library": {"errors"},
    "_native": {"_library", "_core"},
    "_box2d": {"_library", "_native", "errors"},
    "_box2d_check": {"_native"},
    "turns": {"_native"},
    "archive": {"messages", "files", "errors"},
    "finite": {"messages"},
    "columns": set(),
    "kernels": {"messages", "errors", "finite", "public", "_native"},
    "picture": BOTTOM,
    "tasks": BOTTOM | {"_registration"},
    "page": BOTTOM | {"picture"},
    "native_env": BOTTOM | {"_registration", "tasks", "native_drawing", "box2d_drawing"},
    "native_drawing": {"_native", "errors", "names", "values"},
    "box2d_drawing": {"errors", "native_drawing", "evaluation"},  # Gymnasium's twins of the wrappers
    "strategy": BOTTOM,
    "evaluation": BOTTOM | {"_registration", "tasks"},
    "meta": BOTTOM | {"strategy", "evaluation"},
    "loggers": BOTTOM,
    "config": BOTTOM | {"_registration", "tasks", "strategy", "evaluation", "meta", "loggers"},
    "run": BOTTOM | {"tasks", "strategy", "evaluation", "meta", "config", "picture", "page", "loggers"},
    "pretraining": BOTTOM | {"strategy", "evaluation", "meta", "config", "run", "loggers"},
    "diagnosis": BOTTOM | {"tasks", "strategy", "evaluation", "meta", "config", "run"},
    "comparison": BOTTOM | {"strategy", "evaluation", "meta", "config", "run", "picture"},
    "viewing": BOTTOM | {"tasks", "evaluation", "config", "run"},
    "exporting": BOTTOM | {"tasks", "evaluation", "config", "run"},
    "sweeping": BOTTOM | {"tasks", "strategy", "evaluation", "meta", "config", "run", "comparison"},
    "reports": BOTTOM | {"run", "picture", "page", "comparison", "viewing"},
    "cli": BOTTOM
    | {"strategy", "evaluation", "meta", "config", "run"}
    | {"pretraining", "diagnosis", "comparison", "exporting", "viewing", "reports", "sweeping"},
    "__main__": {"cli"},
}
FILES = [path for path in PACKAGE.rglob("*.py*") if path.suffix in {".py", ".pyi"} and path.name != "__init__.py"]
FILES += list(PACKAGE.glob("*/__init__.py"))


def imports_of(source: str) -> set[str]:
    """Parts of the package that a module names, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this test can read them"
            names = [node.module or ""]
            if node.module == "bierl_fast":
                names = [f"bierl_fast.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("bierl_fast.")}
    return found


def test_imports_of_reads_every_form() -> None:
    source = (
        "import bierl_fast.run.loop\ndef f():\n    from bierl_fast import kernels\nfrom bierl_fast.meta.base import x"
    )
    assert imports_of(source) == {"run", "kernels", "meta"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    here = path.relative_to(PACKAGE).parts[0].split(".")[0]
    upward = imports_of(path.read_text()) - SEES[here] - {here, "__version__"}
    assert not upward, f"{here} must not import {sorted(upward)}"


def module_of(path: Path) -> str:
    return ".".join(["bierl_fast", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def graph() -> dict[str, set[str]]:
    """What each module imports of the package, in functions and under TYPE_CHECKING too.

    Without the package itself, which names everything and imports it when it is asked for.
    """
    modules = {module_of(path): path for path in FILES}
    edges: dict[str, set[str]] = {}
    for module, path in modules.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                within = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= within & modules.keys() or {node.module}
        edges[module] = found & modules.keys() - {module}
    return edges


def test_no_module_imports_itself_by_way_of_others() -> None:
    edges = graph()
    assert "bierl_fast.messages" in edges["bierl_fast.kernels"]
    assert "bierl_fast.kernels" in edges["bierl_fast.run.warm_start"]
    graphlib.TopologicalSorter(edges).prepare()


@pytest.mark.parametrize("folder", [path for path in TESTS.iterdir() if path.is_dir()], ids=lambda path: path.name)
def test_tests_share_by_way_of_helpers(folder: Path) -> None:
    """What tests of several folders use lies in helpers/, the slow twins in reference/; no test imports another."""
    others = {path.name for path in TESTS.iterdir() if path.is_dir()} - {folder.name, "helpers", "reference"}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            first, *rest = node.module.split(".")
            assert first not in others, f"{path} imports from {node.module}"
            assert not any(name.startswith("test_") for name in rest), f"{path} imports from {node.module}"


def printed(code: str) -> str:
    done = run(code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_cheap() -> None:
    """At most as long as `import numpy`, of which a tenth is usual; the best of five."""
    code = (
        "from time import process_time as now; a = now(); import numpy; b = now(); import bierl_fast; c = now(); "
        "print((c - b) / (b - a))"
    )
    assert min(float(printed(code)) for _ in range(5)) <= 1.0


HEAVY = ["torch", "gymnasium", "mujoco", "rich", "click", "msgspec"]


@pytest.mark.parametrize("code", ["import bierl_fast", "from bierl_fast import NoiseKey, Hyperparameters, kernels"])
def test_import_loads_nothing_heavy(code: str) -> None:
    loaded = printed(f"import sys; {code}; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded.strip() == "[]"


def test_an_evaluator_needs_neither_torch_nor_gymnasium() -> None:
    code = "import bierl_fast as bf; bf.make_evaluator('InvertedPendulum-v5', threads=1)"
    loaded = printed(f"import sys; {code}; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded.strip() == "[]"


def test_unknown_names_are_attribute_errors_and_known_ones_are_listed() -> None:
    import bierl_fast

    with pytest.raises(AttributeError, match="module 'bierl_fast' has no attribute 'tran'"):
        bierl_fast.tran  # noqa: B018
    assert set(dir(bierl_fast)) == set(bierl_fast.__all__)
    for name in bierl_fast.__all__:
        assert getattr(bierl_fast, name) is not None
