"""What users write is checked as strictly as the package: README's programs, callbacks, and what both do not use."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.pages import README, ROOT, Page
from mypy import api

CALLBACK = """
import asyncio

import bierl_fast as bf


class Ends(bf.Callback):
    def after_generation(self, event: bf.GenerationEvent) -> None:
        if event.mean_return is not None and event.mean_return > 300:
            event.stop("good")


async def main(config: bf.Config) -> bf.Result:
    with bf.Stop() as stop:
        return await asyncio.to_thread(bf.train, config, "runs/b", callbacks=[stop, Ends()])


found = asyncio.run(main(bf.Config(task="Hopper-v5", generations=6)))
page: str = found.report("a.html", force=True)
picture: bytes = found.plot("generations").encoded("png")
bf.report("runs", found, out="b.html", video=True)
bf.plot("runs", found, out="b.svg")
score: float | None = bf.compare("spec.toml", "out", report=True).rows[0].score
found.metrics[-1]["mean_return"]
bf.Policy.load("policy.npz").act([0.0] * 11)
"""


@pytest.mark.slow
def test_programs_pass_strict_mypy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYPYPATH", str(Path(__file__).parents[2]))
    pages = (README, Page(ROOT / "docs" / "following.md"))
    blocks = ["\n".join(block.text for block in page.blocks if block.language == "python") for page in pages]
    for program in (*blocks, CALLBACK):
        Path("program.py").write_text(program)
        # The package's own dependencies have no types of their own, which is none of a user's business.
        out, err, code = api.run(["--strict", "--follow-imports=silent", "--no-warn-unused-configs", "program.py"])
        assert code == 0, out + err
    Path("program.py").write_text(CALLBACK + "found.metric\n")
    assert api.run(["--strict", "--follow-imports=silent", "program.py"])[2] == 1
