"""Makes the pictures of README and docs/seeing.md, by the very commands that stand there.

    bierl train, plot, record, report -> curve.svg, cheetah.gif, report.png, report-dark.png

python docs/images/make.py [RUN_DIR]: minutes; a run that is there already is not trained again. Needs the extras plot,
video, report and test (a browser: apt-get install chromium). Of the film a few seconds are kept, smaller.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import imageio.v2 as imageio
import numpy as np
from PIL import Image
from playwright import sync_api

HERE = Path(__file__).parent
TRAIN = ["train", "HalfCheetah-v5", "--meta", "lstm", "--total-steps", "3000000", "--eval-interval", "5"]
FIRST, SECONDS, SIDE, COLORS = 2.0, 4.0, 240, 64  # of the GIF: where it begins, its length, pixels, colors


def bierl(*arguments: str | Path) -> None:
    """Run one command line."""
    subprocess.run([sys.executable, "-P", "-m", "bierl_fast", *map(str, arguments)], check=True)


def gif(film: Path, out: Path) -> None:
    """A few seconds of a film, smaller, in few colors."""
    reader: Any = imageio.get_reader(film)  # whose types are not those of a film
    with reader as frames:
        fps = float(frames.get_meta_data()["fps"])
        kept = [
            Image.fromarray(np.asarray(frame)).resize((SIDE, SIDE)).quantize(COLORS, dither=Image.Dither.NONE)
            for number, frame in enumerate(frames)
            if FIRST <= number / fps < FIRST + SECONDS
        ]
    kept[0].save(out, save_all=True, append_images=kept[1:], duration=round(1000 / fps), loop=0, optimize=True)


def screenshots(page: Path) -> None:
    """The top of a report, as a light and as a dark screen shows it."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        names: dict[Literal["light", "dark"], str] = {"light": "report.png", "dark": "report-dark.png"}
        for scheme, name in names.items():
            shown = browser.new_context(
                viewport={"width": 1280, "height": 1180}, color_scheme=scheme, offline=True
            ).new_page()
            shown.goto(page.resolve().as_uri())
            shown.wait_for_selector("html[data-drawn]", state="attached")
            shown.wait_for_timeout(1000)
            shown.screenshot(path=HERE / name)
            Image.open(HERE / name).convert("P", palette=Image.Palette.ADAPTIVE).save(HERE / name, optimize=True)
        browser.close()


def main(run: Path) -> None:
    """All of them."""
    if not run.is_dir():
        bierl(*TRAIN, "--run-dir", run)
    bierl("plot", run, "--out", HERE / "curve.svg", "--force")
    bierl("record", run, "--best", "--out", run / "cheetah.mp4", "--force")
    gif(run / "cheetah.mp4", HERE / "cheetah.gif")
    bierl("report", run, "--out", run / "report.html", "--force")
    screenshots(run / "report.html")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/cheetah"))
