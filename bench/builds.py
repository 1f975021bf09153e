"""Two states of this project side by side: each built once, each run by itself with the same dependencies.

commit or working tree -> Side(name, commit, site) -> command, environment -> a process that imports that side alone

A side lies in a folder of its own (`pip install --target`), made from git's own copy of its files, so that no build
output of the working tree gets in. Dependencies are those of the Python that runs the script. The processes run in a
virtual environment with nothing in it, on that Python's import path: an editable install of this package stays out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = (
    Path(__file__).resolve().parent / "sides"
)  # what runs on a side: the public API alone, so that any commit will do
BUILT = ("bierl_fast", "csrc", "cmake", "CMakeLists.txt", "pyproject.toml")  # what a build is made of


@dataclass(frozen=True, slots=True)
class Side:
    """One state of the project, built."""

    name: str  # "before" or "after"
    commit: str  # with a + where the working tree differs from it; "installed" for a folder that was given
    site: Path  # the folder that holds the package

    @property
    def package(self) -> Path:
        """The package's folder."""
        return self.site / "bierl_fast"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which two."""
    parser.add_argument("before", nargs="?", metavar="BEFORE", help="commit to compare with")
    parser.add_argument("after", nargs="?", metavar="AFTER", help="commit to compare [default: the working tree]")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder for the builds and runs, outside of the tree")
    parser.add_argument(
        "--installed", nargs=2, type=Path, metavar="PATH", help="folders that hold the package, instead of commits"
    )


def sides_of(given: argparse.Namespace, parser: argparse.ArgumentParser) -> tuple[Side, Side]:
    """Before and after, as the options say; built where they are not yet."""
    if (given.before is None) == (given.installed is None):
        parser.error("give a commit to compare with, or --installed and two folders that hold the package")
    if given.work is None:
        parser.error("give --work and a folder outside of the working tree, for the builds and runs")
    given.work = given.work.resolve()
    if given.work.is_relative_to(ROOT):
        parser.error(f"--work must lie outside of the working tree {ROOT.name}, got {given.work}")
    given.work.mkdir(parents=True, exist_ok=True)
    if given.installed is not None:
        before, after = (
            _installed(name, path) for name, path in zip(("before", "after"), given.installed, strict=True)
        )
        return before, after
    return _built("before", given.before, given.work), _built("after", given.after, given.work)


def _installed(name: str, site: Path) -> Side:
    if not (site / "bierl_fast" / "__init__.py").is_file():
        raise SystemExit(f"--installed needs folders that hold bierl_fast/__init__.py, got {site}")
    return Side(name, "installed", site.resolve())


def _git(*words: str, **environment: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    if done.returncode:
        raise SystemExit(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


def _tree_of_files() -> str:
    """Git's name for the working tree as it stands, new files included; its index stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / "index")
        _git("add", "--all", GIT_INDEX_FILE=index)
        return _git("write-tree", GIT_INDEX_FILE=index)


def _built(name: str, commit: str | None, work: Path) -> Side:
    """The build of a commit, or of the working tree; what lies in `work` already is taken."""
    tree = _tree_of_files() if commit is None else _git("rev-parse", f"{commit}^{{tree}}")
    label = _git("rev-parse", "--short=12", commit or "HEAD")
    if commit is None and tree != _git("rev-parse", "HEAD^{tree}"):
        label += "+"
    key = hashlib.sha1(_git("ls-tree", tree, "--", *BUILT).encode(), usedforsecurity=False).hexdigest()[:16]
    site = work / f"site-{key}"
    if not site.is_dir():
        print(f"building {name}, {label}, into {site.name}", flush=True)
        _build(tree, work / f"source-{key}", site)
    return Side(name, label, site)


def _build(tree: str, source: Path, site: Path) -> None:
    """Install a tree's package into `site`, which is there once all of it is."""
    partial = site.with_name(site.name + ".partial")
    for folder in (source, partial):
        shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryFile() as archive:
        subprocess.run(["git", "-C", str(ROOT), "archive", tree], stdout=archive, check=True)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as members:
            members.extractall(source, filter="data")
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # its cmake before others
    subprocess.run(
        [sys.executable, "-P", "-m", "pip", *words, "--target", str(partial), str(source)],
        env={**os.environ, "PATH": tools},
        check=True,
    )
    shutil.rmtree(source)
    partial.rename(site)


def command(work: Path, script: str, *arguments: str) -> list[str]:
    """What runs a script of SCRIPTS; with `environment`, on that side."""
    folder = work / "python"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, symlinks=True)
    return [str(python), "-P", str(SCRIPTS / script), *arguments]


def environment(side: Side) -> dict[str, str]:
    """This process's environment, with that side before everything else that this Python imports from."""
    places = [path for path in sys.path if path and Path(path).is_dir() and Path(path) != ROOT]
    own = [str(side.site), str(SCRIPTS)]
    # The folder of the script that was started comes first in sys.path; its modules are not the side's business.
    rest = [path for path in places if Path(path).resolve() not in (SCRIPTS.parent, SCRIPTS)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*own, *rest]), "PYTHONHASHSEED": "0"}
