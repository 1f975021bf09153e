"""Every error that the package raises on purpose: exported, of one base, raised somewhere, and nothing else raised."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast import errors, kernels
from bierl_fast._native import core

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bierl_fast"
CLASSES = {
    name: value for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)
}
ERRORS = {name: value for name, value in CLASSES.items() if issubclass(value, bf.BierlError)}
BOUND = set(re.findall(r'errors\.attr\("(\w+)"\)', (ROOT / "csrc" / "bindings" / "bind_errors.cpp").read_text()))

# What is raised under a name of Python's or of another package's, and why it never reaches a user as ours.
OTHERS = {
    ("__init__.py", "AttributeError"): "Python's protocol",
    ("hyperparameters.py", "AttributeError"): "Python's protocol",
    ("comparison/harness.py", "KeyboardInterrupt"): "a signal handler's",
    ("archive.py", "ValueError"): "made an ArchiveError",
    ("files.py", "ValueError"): "made the error of whoever reads the file",
    ("import_path.py", "FileNotFoundError"): "made a ConfigError",
    ("values.py", "ValueError"): "what reads a text says which setting it was of",
    ("files.py", "IsADirectoryError"): "the system's own, before anything is written",
    ("evaluation/policy/torch_module.py", "ValueError"): "made an ArchiveError",
    ("evaluation/pool/process.py", "EOFError"): "caught by the pool",
    ("evaluation/environment/answers.py", "Refusal"): "a TaskError, or why an episode failed",
    ("evaluation/environment/flattening.py", "Refusal"): "a TaskError",
    ("evaluation/pool/shared_block.py", "OSError"): "the system's own, of memory that is not there",
    ("evaluation/function/runner.py", "TypeError"): "made an ArgumentTypeError",
    ("evaluation/pool/episode.py", "_EpisodeFailed"): "caught where the episode is played",
    ("evaluation/pool/episode.py", "_DescriptorChanged"): "caught where the episode is played",
    ("evaluation/policy/numpy_policy.py", "ValueError"): "needs NumPy alone",
    ("cli/main.py", "Raised"): "taken out of its wrapping again",
    ("cli/main.py", "UsageError"): "the command line's own",
    ("cli/training.py", "ClickException"): "the command line's own",
    ("cli/comparing.py", "ClickException"): "the command line's own",
    ("cli/comparing.py", "UsageError"): "the command line's own",
    ("evaluation/environment/wrapping.py", "ValueError"): "made a ConfigError",
    ("evaluation/ray/evaluator.py", "AttributeError"): "Python's protocol",
    ("viewing/film.py", "OSError"): "the system's own, of a film that cannot be written",
    ("cli/sweeping.py", "ClickException"): "the command line's own",
    ("cli/parameters.py", "ValueError"): "made a usage error",
}


def named(node: ast.expr | None) -> str | None:
    """The class that is called or named: `X(...)`, `m.X(...)` or `X`."""
    node = node.func if isinstance(node, ast.Call) else node
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
    return name if name is not None and name.lstrip("_")[:1].isupper() else None


def alternatives(node: ast.expr | None) -> list[ast.expr | None]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def made(kinds: tuple[type[ast.Raise] | type[ast.Return], ...]) -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, kinds):
                continue
            for value in alternatives(node.exc if isinstance(node, ast.Raise) else node.value):
                if (name := named(value)) is not None:
                    yield str(path.relative_to(PACKAGE)), name


RAISED = sorted(set(made((ast.Raise,))))
USED = {name for _, name in made((ast.Raise, ast.Return))} | {
    node.args[1].id
    for path in PACKAGE.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "warn" and isinstance(node.args[1], ast.Name)
}


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_exported_and_documented(name: str) -> None:
    assert getattr(bf, name) is CLASSES[name]
    assert name in bf.__all__
    assert CLASSES[name].__doc__
    assert issubclass(CLASSES[name], bf.BierlError | Warning)


@pytest.mark.parametrize("name", sorted(set(CLASSES) - {"BierlError"}))
def test_every_class_is_raised_somewhere(name: str) -> None:
    assert name in USED | BOUND


@pytest.mark.parametrize(("path", "name"), RAISED)
def test_nothing_else_is_raised(path: str, name: str) -> None:
    assert name in ERRORS or (path, name) in OTHERS


def test_each_exception_to_that_is_needed() -> None:
    assert set(OTHERS) <= set(RAISED)


# Where a ConfigError is about no setting, and what it is about.
OF_NO_SETTING = {
    ("comparison/curves.py", "require_matplotlib"): "a package",
    ("comparison/plan.py", "plan"): "a comparison without a run",
    ("comparison/plan.py", "_require_one_place_each"): "two entries of a comparison",
    ("comparison/plan.py", "_require_so_many"): "the runs of a comparison",
    ("comparison/reading.py", "_parsed"): "a file",
    ("comparison/reading.py", "_plain"): "a whole comparison",
    ("comparison/spec.py", "_spec"): "a pool's name",
    ("comparison/spec.py", "_axis"): "an axis",
    ("comparison/spec.py", "_entry"): "an entry's name",
    ("comparison/reading.py", "settings"): "a preset's name",
    ("comparison/spec.py", "_filter"): "entries of other axes",
    ("comparison/reading.py", "table"): "the form of a file",
    ("comparison/reading.py", "_distinct"): "names and seeds of a comparison",
    ("comparison/reading.py", "whole"): "numbers of a comparison",
    ("config/toml.py", "read_preset"): "a preset's name",
    ("config/toml.py", "_read"): "a file",
    ("run/build.py", "make_parts"): "all sizes together",
    ("pretraining/api.py", "pretrain"): "the file to write, and its tasks",
    ("pretraining/api.py", "_alone"): "the file to write",
    ("pretraining/api.py", "_saved"): "the file to go on with",
}


def test_an_error_about_settings_names_them() -> None:
    silent = {
        (str(path.relative_to(PACKAGE)), function.name)
        for path in PACKAGE.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ConfigError" and len(node.args) < 2
    }
    assert silent == set(OF_NO_SETTING)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_travels_with_its_settings(name: str) -> None:
    error = ERRORS[name]("sigma must be above 0", settings=["sigma"])
    for there in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(there) is ERRORS[name]
        assert str(there) == "sigma must be above 0"
        assert there.settings == ("sigma",)
    assert ERRORS[name]("plain").settings == ()


KEY = bf.NoiseKey(run_seed=0, generation=0)


def _closed() -> None:
    evaluator = bf.make_evaluator("CartPole-v1", workers=1)
    evaluator.close()
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=2)
    evaluator.evaluate(strategy.ask(bf.Hyperparameters(), KEY))


def _simulator() -> None:
    core.EnvCore("HalfCheetah-v5", "no/such/folder", {})


CALLS: list[tuple[Callable[[Path], Any], type[Exception], type[Exception]]] = [
    (lambda _: bf.train(bf.Config(task="Hopper-v5", population=3)), bf.ConfigError, ValueError),
    (lambda _: bf.train(bf.Config(task="Hopper-v5", strategy="nope", generations=1)), bf.UnknownNameError, ValueError),
    (lambda _: bf.train(bf.Config(task="Hopper-v5", generations=1, activation=3)), bf.ConfigError, ValueError),
    (lambda path: bf.resume(path / "none"), bf.RunDirectoryError, RuntimeError),
    (lambda path: bf.evaluate(path / "none"), bf.RunDirectoryError, RuntimeError),
    (lambda path: bf.compare(path / "none.toml", path), bf.ConfigError, ValueError),
    (lambda path: bf.pretrain(path / "no" / "folder.npz"), bf.ConfigError, ValueError),
    (lambda path: bf.diagnose(path / "none"), bf.RunDirectoryError, RuntimeError),
    (lambda _: bf.make_evaluator("Hoper-v5"), bf.TaskError, ValueError),
    (lambda _: bf.make_evaluator("Hopper-v5", threads=0), bf.ArgumentError, ValueError),
    (lambda _: bf.make_evaluator("Hopper-v5", threads="2"), bf.ArgumentTypeError, TypeError),  # type: ignore[arg-type]
    (lambda _: _closed(), bf.WorkerError, RuntimeError),
    (lambda _: bf.make_strategy("ess", mean=np.zeros(2, np.float32)), bf.UnknownNameError, ValueError),
    (lambda _: bf.make_strategy("es", mean=np.zeros((2, 2), np.float32), population=4), bf.ArgumentError, ValueError),
    (lambda path: bf.Policy.load(path / "none.npz"), bf.ArchiveError, RuntimeError),
    (lambda _: bf.NativeEnv("Hoper-v5"), bf.ArgumentError, ValueError),
    (lambda _: _simulator(), bf.SimulationError, RuntimeError),
    (lambda _: kernels.normals(KEY, 0, 3, out=np.zeros(4, np.float32)), bf.ArgumentError, ValueError),
    (lambda _: kernels.perturb(np.zeros(2, np.float32), 1.0, KEY, 0, 2), bf.ArgumentError, ValueError),
    (lambda _: kernels.raw_weights(np.zeros((2, 2)), np.zeros(2, np.bool_)), bf.ArgumentError, ValueError),
    (lambda _: kernels.raw_weights(np.zeros(2, np.float32)), bf.ArgumentTypeError, TypeError),
]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_the_base_catches_each(number: int, tmp_path: Path) -> None:
    call, kind, builtin = CALLS[number]
    with pytest.raises(bf.BierlError) as caught:
        call(tmp_path)
    assert isinstance(caught.value, kind)
    assert isinstance(caught.value, builtin)


def test_a_warning_names_the_line_that_called_the_package() -> None:
    few: dict[str, Any] = {"generations": 1, "population": 4, "threads": 1}
    with pytest.warns(bf.RunWarning, match="never moved") as caught:
        bf.train(bf.Config(task="quadratic", dim=3, meta="direct", **few))
    assert caught[0].filename == __file__
