"""No file and no function grows beyond what one reads in one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("bierl_fast", "csrc", "tests", "bench", "docs")
ENDINGS = (".py", ".pyi", ".cpp", ".hpp", ".inl")
LINES_OF_A_FILE = 350
LINES_OF_A_FUNCTION = 60  # of its body: without signature, docstring, blank lines and comments

FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in ENDINGS]


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Every function of a module, nested ones too, with the lines of code in its body."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                code = (line.strip() for line in lines[body[0].lineno - 1 : node.end_lineno])
                yield node.name, sum(1 for line in code if line and not line.startswith("#"))


def test_functions_are_measured_by_their_code() -> None:
    source = (
        'def f(\n    x,\n):\n    """Two\n    lines."""\n    # why\n\n    def g():\n        return 1\n    return g\n'
    )
    assert list(functions(source)) == [("f", 3), ("g", 1)]


def test_no_file_is_long() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert len(sizes) > 200
    assert {name: size for name, size in sizes.items() if size > LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    sizes = {
        f"{path.relative_to(ROOT)}:{name}": size
        for path in FILES
        if path.suffix == ".py"
        for name, size in functions(path.read_text(encoding="utf-8"))
    }
    assert len(sizes) > 1000
    assert {name: size for name, size in sizes.items() if size > LINES_OF_A_FUNCTION} == {}
