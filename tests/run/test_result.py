"""What a Result says of itself: in a line, in a notebook, on a page."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pytest
from helpers.run_directories import records

import bierl_fast as bf
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.picture.card import card


def result(policy: Any, lines: list[dict[str, Any]], **more: Any) -> bf.Result:
    return bf.Result(policy, policy.parameters, lines, **{"run_dir": None, **more})


@pytest.fixture(scope="module")
def policy() -> MlpPolicy:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", hidden=(), threads=1)
    found = evaluator.policy
    evaluator.close()
    assert isinstance(found, MlpPolicy)
    return found.with_parameters(np.zeros(found.parameters.size, dtype=np.float32))


def test_in_one_line(policy: MlpPolicy) -> None:
    told = repr(result(policy, records(12), run_dir=Path("runs/a")))
    assert told == (
        "<Result of InvertedPendulum-v5: return 12, best evaluation 12, env steps 1,200, generations 12, in runs/a>"
    )
    assert repr(result(policy, [])) == "<Result of InvertedPendulum-v5: generations 0>"


def test_in_a_notebook(policy: MlpPolicy) -> None:
    """Small, whatever the run's length, and without colors of its own behind texts."""
    text = result(policy, records(5000))._repr_html_()
    assert len(text) < 6_000
    assert text.count("<svg") == 1
    assert "background" not in text
    assert "<svg" not in result(policy, [])._repr_html_()
    assert "<svg" not in result(policy, records(1))._repr_html_()
    parser = HTMLParser()
    parser.feed(text)
    parser.close()


def test_its_texts_are_shown_as_they_are_written() -> None:
    assert "<b>" not in card("<b>", [("<b>", "<b>")], np.array([1.0, -1e308, 1e308, np.nan]))
    assert "nan" not in card("", [], np.array([2.0, 2.0, 2.0]))
    assert "nan" not in card("", [], np.array([-1.7e308, 1.7e308]))


@pytest.mark.slow
def test_on_a_page(policy: MlpPolicy, tmp_path: Path) -> None:
    one = result(policy, records(8))
    text = one.report(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == text
    assert "return of the centre" in text
    with pytest.raises(bf.ConfigError, match="exists"):
        one.report(tmp_path / "a.html")
    assert bf.report(one, one).count("2 runs of A run") >= 1


@pytest.mark.slow
def test_a_notebook_runs(tmp_path: Path) -> None:
    """Training in a cell; its Result and its picture are shown."""
    cells = [
        f"import sys; sys.path[:0] = {[str(Path(bf.__file__).parents[1])]!r}; import bierl_fast as bf",
        "config = bf.Config(task='InvertedPendulum-v5', strategy='ars', meta='none', hidden=(), generations=4)\n"
        "result = bf.train(config, observer=lambda record: print('generation', record['generation'] + 1))\n"
        "result",
        "result.plot()",
        "import asyncio\n"
        "with bf.Stop() as stop:\n"
        "    again = await asyncio.to_thread(bf.train, config, callbacks=[stop])\n"
        "again.metrics[-1]['mean_return'] == result.metrics[-1]['mean_return']",
    ]
    new: Any = nbformat.v4  # its functions have no types
    book = new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "own", "display_name": "own", "language": "python"}
    kernel = tmp_path / "share" / "jupyter" / "kernels" / "own"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "own", "language": "python"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
        nbclient.NotebookClient(
            book, timeout=600, kernel_name="own", resources={"metadata": {"path": tmp_path}}
        ).execute()
    train, plot, last = map(_shown, book.cells[1:])
    assert train["stdout"].splitlines() == [f"generation {number}" for number in (1, 2, 3, 4)]
    assert "InvertedPendulum-v5" in train["text/html"]
    assert train["text/plain"].startswith("<Result of InvertedPendulum-v5: ")
    assert plot["image/png"].startswith("iVBOR")
    assert last["text/plain"] == "True"


def _shown(cell: Any) -> dict[str, str]:
    """What a cell put out, by kind; a stream comes in pieces."""
    found: dict[str, str] = {}
    for output in cell.outputs:
        for kind, text in {output.get("name"): output.get("text"), **output.get("data", {})}.items():
            found[kind] = found.get(kind, "") + (text or "")
    return found
