"""The stub names what the module has; .ci/run checks the signatures too (mypy.stubtest, which takes half a minute)."""

from __future__ import annotations

import ast
from pathlib import Path

from bierl_fast._native import core

STUB = Path(__file__).parents[1] / "bierl_fast" / "_core.pyi"


def members(nodes: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """Public names, and what stands in each class."""
    named = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {n.name: n.body if isinstance(n, ast.ClassDef) else [] for n in named if not n.name.startswith("_")}


def test_the_stub_names_everything() -> None:
    stub = members(ast.parse(STUB.read_text()).body)
    assert set(stub) == {name for name in dir(core) if not name.startswith("_")}
    for name, body in stub.items():
        built = getattr(core, name)
        if isinstance(built, type) and not issubclass(built, Exception):
            assert set(members(body)) == {member for member in vars(built) if not member.startswith("_")}, name
