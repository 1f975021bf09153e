"""`bf.plot` and `bierl plot`: what is drawn of which runs, and what is refused."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.outcomes import fails
from helpers.run_directories import records, run_directory

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.run.plot import curves_of, text_plot

Captured = pytest.CaptureFixture[str]
MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def legend(picture: Any) -> list[str]:
    (found,) = picture.figure.legends
    return [text.get_text() for text in found.get_texts()]


def test_one_run() -> None:
    run = run_directory(Path("a"), records(12), strategy="ars")
    picture = bf.plot(run, against="generations")
    top, *below = picture.figure.axes
    assert top.get_title(loc="left") == "Hopper-v5, ars, none"
    center, evaluated = top.get_lines()
    np.testing.assert_array_equal(center.get_xdata(), np.arange(1, 13))
    np.testing.assert_array_equal(center.get_ydata(), np.arange(12) + 0.5)
    np.testing.assert_array_equal(evaluated.get_xdata(), [4, 8, 12])
    np.testing.assert_array_equal(evaluated.get_ydata(), [4, 8, 12])
    assert legend(picture) == ["candidates, from their mean to the best", "centre", "evaluated"]
    labels = ["sigma", "learning rate", "env steps a second", "share of env steps spent on the meta-level"]
    assert [panel.get_ylabel() for panel in below] == labels
    lines = [panel.get_lines()[0].get_ydata() for panel in below]
    np.testing.assert_allclose(lines[0][[0, 10]], [0.1, 0.05])
    np.testing.assert_allclose(lines[2], 200.0)
    np.testing.assert_allclose(lines[3], 0.2)


def test_a_line_is_called_what_it_is() -> None:
    """Without an episode of the centre it is the candidates' mean, in one run and in several seeds of one."""
    runs = [run_directory(Path(f"s{seed}"), records(5, center=False), seed=seed) for seed in range(2)]
    assert legend(bf.plot(runs[0])) == ["candidates, from their mean to the best", "mean of candidates", "evaluated"]
    assert text_plot(runs[0]).splitlines()[-1].startswith("mean of candidates  ")
    runs.append(run_directory(Path("with"), records(5), seed=2))
    curves, _ = curves_of(runs)
    assert {one.label for one in curves} == {"mean of candidates"}


@pytest.mark.parametrize(("against", "end"), [("env_steps", 1200), ("generations", 12), ("seconds", 6.0)])
def test_what_lies_along_the_bottom(against: str, end: float) -> None:
    picture = bf.plot(run_directory(Path("a"), records(12)), against=against)
    np.testing.assert_allclose([panel.get_lines()[0].get_xdata()[-1] for panel in picture.figure.axes], end)


def test_seeds_are_one_line_and_settings_are_several() -> None:
    runs = [run_directory(Path(f"s{seed}"), records(10, offset=seed), seed=seed, sigma=0.02) for seed in range(3)]
    picture = bf.plot(*runs)
    top = picture.figure.axes[0]
    np.testing.assert_allclose(top.get_lines()[0].get_ydata()[[0, -1]], [1.5, 10.5])  # the middle seed's
    (band,) = top.collections
    assert band.get_paths()[0].get_extents().height == pytest.approx(
        10.0
    )  # from 0.25 above the lowest to ... the highest
    runs += [run_directory(Path("other"), records(10, meta=False), sigma=0.5, hidden=(8, 4), threads=1)]
    curves, title = curves_of(runs)
    assert title == "Hopper-v5, es, none, 4 runs"
    assert [one.label for one in curves] == ["sigma 0.02, hidden 64x64"] * 3 + ["sigma 0.5, hidden 8x4"]


def test_a_folder_of_runs_and_results() -> None:
    for seed in range(2):
        run_directory(Path("runs", f"s{seed}"), records(3), seed=seed)
    assert len(curves_of(["runs"])[0]) == 2
    result = bf.train(bf.Config(task="quadratic", dim=2, meta="none", population=4, generations=3))
    picture = result.plot(against="generations")
    assert picture._repr_png_().startswith(MAGIC["png"])
    assert len(picture.figure.axes[0].get_lines()[0].get_xdata()) == 3


def test_where_a_run_has_no_centre_the_mean_stands_for_all() -> None:
    runs = [
        run_directory(Path("a"), records(5), seed=0),
        run_directory(Path("b"), records(5, center=False), seed=1),
    ]
    assert bf.plot(*runs).figure.axes[0].get_ylabel() == "mean return"


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAGIC)
def test_files(kind: str, capsys: Captured) -> None:
    """The same bytes for the same run; the file before is kept unless it is to be replaced."""
    run_directory(Path("a"), records(6))
    out = Path(f"curve.{kind}")
    assert entry(["plot", "a", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    first = out.read_bytes()
    assert first.startswith(MAGIC[kind])
    if kind == "svg":
        assert ET.fromstring(first).tag.endswith("svg")
    fails(capsys, 2, f"curve.{kind} exists; give another name, or --force", "plot", "a", "--out", str(out))
    assert entry(["plot", "a", "--out", str(out), "--force"]) == 0
    assert out.read_bytes() == first


def test_text(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    run_directory(Path("a"), records(12))
    assert entry(["plot", "a"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Hopper-v5, es, none"
    assert max(map(len, lines)) <= 100
    assert any("\u2800" < letter < "\u28ff" for line in lines for letter in line)  # braille dots
    assert lines[-2].split() == [
        *["run", "generations", "env", "steps", "return", "best", "evaluated"],
        *["sigma", "learning", "rate", "steps/s", "meta"],
    ]
    assert lines[-1].split() == ["centre", "12", "1,200", "11.5", "11.5", "12", "0.0467", "0.02", "200", "20%"]
    run_directory(Path("b"), records(5), sigma=0.5)
    both = text_plot("a", "b", against="generations")
    assert "Legend" in both
    assert "sigma none" in both
    assert "sigma 0.5" in both
    assert "\x1b[" not in both
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in text_plot("a", "b")


@pytest.mark.slow
def test_a_run_under_way_and_one_not_begun(capsys: Captured) -> None:
    """Drawn as far as they have got: a line that is being written is left out."""
    running = run_directory(Path("running"), records(4))
    with (running / "metrics.jsonl").open("a") as file:
        file.write('{"generation": 4, "env_st')
    run_directory(Path("empty"), [], seed=1)
    assert entry(["plot", "running", "empty", "--out", "a.png"]) == 0
    assert "warning: empty has done no generation yet" in capsys.readouterr().err
    fails(capsys, 1, "empty: no generation is done yet, nothing to draw", "plot", "empty")
    one = run_directory(Path("one"), records(1), seed=2)
    assert bf.plot(one, running).encoded("png")
    assert text_plot(one)


@pytest.mark.parametrize("scale", [1.7e308, 1e-310])
def test_returns_of_any_size_are_drawn(scale: float, capsys: Captured) -> None:
    signs = [1.0, -1.0, 0.5]
    told = [
        {**line, "center_return": scale * sign, "mean_return": scale * sign, "max_return": scale}
        for line, sign in zip(records(3), signs, strict=True)
    ]
    for seed in range(3):
        run_directory(Path("some") / str(seed), told, seed=seed)
    assert entry(["plot", "some"]) == 0
    assert f"{0.5 * scale:.5g}" in capsys.readouterr().out
    assert bf.plot("some", out="some.png").encoded("png")
    assert bf.plot("some/0", out="one.png").encoded("png")  # with the band of its candidates


def test_a_damaged_run_of_a_folder_is_left_out(capsys: Captured) -> None:
    for seed in range(2):
        run_directory(Path("some") / str(seed), records(3), seed=seed)
    Path("some/1/config.toml").write_text("strategy = ars\n")
    assert entry(["plot", "some"]) == 0
    out, err = capsys.readouterr()
    assert "Hopper-v5" in out
    assert err.startswith("bierl: warning: left out: some/1/config.toml is not valid TOML")
    Path("some/0/metrics.jsonl").write_text("[]\n[]\n")
    fails(capsys, 1, "some/0/metrics.jsonl is damaged in line 1", "plot", "some")


def test_a_file_writes_nothing_to_the_terminal_but_text(capsys: Captured) -> None:
    run = run_directory(Path("a"), [{**line, "\x1b[2Jnews": 1.0} for line in records(2)])
    assert entry(["show", str(run)]) == 0
    assert "\\x1b[2Jnews" in capsys.readouterr().out
    config = run / "config.toml"
    config.write_text(config.read_text().replace('"Hopper-v5"', '"Hopper-v5\\u001b]0;mine\\u0007"'))
    for command in (["show", str(run)], ["plot", str(run)], ["runs", "."]):
        entry(command)
        out, err = capsys.readouterr()
        assert "task must be text without control characters" in out + err
        assert "\x1b]" not in out + err


def test_bad_input(capsys: Captured) -> None:
    run_directory(Path("a"), records(3))
    run_directory(Path("b"), records(3), task="Ant-v5")
    fails(capsys, 2, "runs of 2 tasks (Ant-v5, Hopper-v5) share no axis", "plot", "a", "b", "--out", "x.png")
    fails(
        capsys,
        2,
        "no kind of picture named 'pgn'; did you mean 'png'?",
        "plot",
        "a",
        "--out",
        "x.pgn",
    )
    fails(capsys, 2, "out must end in .pdf or .png or .svg", "plot", "a", "--out", "x")
    fails(capsys, 2, "did you mean 'generations'?", "plot", "a", "--against", "generation")
    fails(capsys, 1, "no run directory at absent", "plot", "absent")
    fails(capsys, 2, "Missing argument 'DIR...'", "plot")
    Path("plain").mkdir()
    fails(capsys, 1, "plain holds no run", "plot", "plain")
    Path("a/metrics.jsonl").write_text("nonsense\n{}\n")
    fails(capsys, 1, "metrics.jsonl is damaged in line 1", "plot", "a")
    with pytest.raises(bf.ConfigError, match="no runs to draw"):
        bf.plot()
    assert not list(Path().glob("x*"))


@pytest.mark.parametrize(("broken", "arguments"), [("matplotlib", ["--out", "x.png"]), ("plotille", [])])
def test_a_missing_package_is_named(
    broken: str, arguments: list[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_directory(Path("a"), records(3))
    for name in [name for name in sys.modules if name.partition(".")[0] == broken]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, broken, None)
    wanted = f"needs {broken}, which is not installed; install it with: pip install 'bierl-fast[plot]'"
    fails(capsys, 1, wanted, "plot", "a", *arguments)
