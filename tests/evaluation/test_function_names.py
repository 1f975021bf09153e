"""Function tasks: the names they are written by, their files, and the table of the native ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from evaluation.compiled import compiled_hill
from helpers import functions
from helpers.populations import assert_same_bits_of_returns, population
from helpers.subprocesses import run

import bierl_fast as bf
from bierl_fast.archive import write_archive
from bierl_fast.errors import ArchiveError
from bierl_fast.evaluation.again import evaluator_of
from bierl_fast.evaluation.function.evaluator import FunctionEvaluator
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.saved import load_policy
from bierl_fast.evaluation.policy.vector import VectorPolicy, native_function_entries
from bierl_fast.import_path import imported, written_name
from bierl_fast.messages import F32


def test_an_absent_extra_is_named_with_its_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_numba.py").write_text("import numba\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ValueError, match=r"numba is not installed.*: pip install 'bierl-fast\[numba\]'"):
        imported("needs_numba:fn")


def test_written_names() -> None:
    assert written_name(functions.hill) == "helpers.functions:hill"
    assert imported("helpers.functions:hill") is functions.hill
    assert written_name(compiled_hill) == "evaluation.compiled:compiled_hill"
    for function, name in (
        (lambda x: 0.0, r"<{}:test_written_names.<locals>.<lambda>>"),
        (functions.Hill(), "<helpers.functions:Hill instance>"),
        (functions.Hill().__call__, "<helpers.functions:Hill.__call__>"),
    ):
        assert written_name(function) == name.format(__name__)


def test_a_function_of_the_main_module_has_no_path() -> None:
    code = "from bierl_fast.import_path import written_name\ndef fn(x): return 0.0\nprint(written_name(fn))"
    assert run(code).stdout.strip() == "<__main__:fn>"


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    evaluator = bf.make_evaluator("helpers.functions:hills", dim=6, vectorized=True, task_kwargs={"top": 2.0})
    theta = np.arange(6, dtype=np.float32)
    evaluator.policy.with_parameters(theta).save(path)
    policy = load_policy(path)
    assert isinstance(policy, VectorPolicy)
    assert policy.spec == evaluator.policy.spec  # type: ignore[attr-defined]
    np.testing.assert_array_equal(policy.parameters, theta)
    again = evaluator_of(policy)
    assert isinstance(again, FunctionEvaluator)
    people = population(theta, 6)
    assert_same_bits_of_returns(evaluator.evaluate(people), again.evaluate(people))
    with pytest.raises(ArchiveError, match="its header says vector of format 1"):
        MlpPolicy.load(path)
    bf.make_evaluator("InvertedPendulum-v5", threads=1).policy.save(path)
    assert isinstance(load_policy(path), MlpPolicy)
    with pytest.raises(ArchiveError, match="is not a vector of format 1"):
        VectorPolicy.load(path)
    for header in ("no JSON", "[]", "{}", '{"kind": "tensor"}'):
        write_archive(path, header, {})
        with pytest.raises(ArchiveError, match="is not a policy of format 1"):
            load_policy(path)


def test_a_policy_of_a_function_without_a_path_keeps_it() -> None:
    function: Callable[[F32], float] = lambda x: float(x[0])  # noqa: E731
    policy = bf.make_evaluator(function, dim=6).policy.with_parameters(np.ones(6, np.float32))
    assert evaluator_of(policy).evaluate(population(policy.parameters, 2, sigma=0.0)).returns_r.tolist() == [1.0, 1.0]


def test_the_table_lists_the_native_functions() -> None:
    rows = {row["id"]: row for row in native_function_entries()}
    assert list(rows) == ["quadratic", "rosenbrock", "rastrigin", "ackley"]
    assert all(row["native"] and row["function"] for row in rows.values())
    assert rows["quadratic"]["keywords"] == ["condition", "noise", "rotation_seed", "shift_radius", "shift_seed"]
