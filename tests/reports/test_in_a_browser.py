"""A report as a browser shows it: without the net, light and dark, wide and narrow; zoomed, hovered, switched."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.run_directories import records, run_directory
from PIL import Image
from playwright import sync_api

import bierl_fast as bf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser: apt-get install chromium"),
]
PATIENT = 60_000.0  # milliseconds, on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    bf.report(run_directory(folder / "run", records(40)), out=folder / "report.html")
    return folder / "report.html"


def opened(browser: Any, report: Path, width: int = 1400, scheme: str = "light") -> tuple[Any, list[str]]:
    """The page once its charts are drawn, and what was asked of the net or went wrong, which is nothing."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    context.set_default_timeout(PATIENT)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on(
        "request", lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else wrong.append(asked.url)
    )
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached")
    page.wait_for_function(
        "document.querySelectorAll('.bk-Figure').length === document.querySelectorAll('.chart').length"
    )
    return page, wrong


def pixels(page: Any) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB"), dtype=float)


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize(("scheme", "low", "high"), [("light", 200, 256), ("dark", 0, 60)])
def test_it_is_drawn(browser: Any, report: Path, width: int, scheme: str, low: float, high: float) -> None:
    """In the colors that the reader's system has, and no wider than the screen."""
    page, wrong = opened(browser, report, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    shown = pixels(page)
    assert low < float(np.median(shown)) < high
    blue = (np.abs(shown - [59, 130, 246]).sum(axis=2) < 40).sum()
    assert blue > 500  # the curves
    assert wrong == []


def x_end(page: Any) -> float:
    return float(page.evaluate("Bokeh.documents[0].get_model_by_name('chart-1').x_range.end"))


def test_zoom_hover_and_legend(browser: Any, report: Path) -> None:
    page, wrong = opened(browser, report)
    place = page.locator(".chart .canvas").first.bounding_box()
    middle = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] / 2, middle)
    told = page.locator(".tip").first
    told.wait_for()
    assert "candidates, from their mean to the best" in told.inner_text()
    assert "env steps, all counted" in told.inner_text()
    whole = x_end(page)
    page.mouse.move(place["x"] + place["width"] * 0.3, middle - 60)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.5, middle + 60, steps=5)
    page.mouse.up()
    page.wait_for_function(
        f"Bokeh.documents[0].get_model_by_name('chart-1').x_range.end < {0.8 * whole}"
    )  # a neighbour
    page.mouse.dblclick(place["x"] + place["width"] / 2, middle)
    page.wait_for_function(f"Bokeh.documents[0].get_model_by_name('chart-1').x_range.end > {0.99 * whole}")
    key = page.locator("button.key.band").first
    key.click()
    assert key.get_attribute("aria-pressed") == "false"
    visible = "Bokeh.documents[0].get_model_by_name('chart-0').renderers.filter((one) => !one.visible).length"
    assert page.evaluate(visible) == 1
    assert wrong == []
