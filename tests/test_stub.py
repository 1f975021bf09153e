"""The hand-written stub bierl_fast/_core.pyi says what the built module has."""

from __future__ import annotations

import os
import subprocess
import sys

from bierl_fast._library import package_folder


def test_stub_equals_the_module() -> None:
    # stubtest imports the module by itself; outside site-packages MuJoCo's library must be on the loader's path.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(package_folder("mujoco"))}
    command = [sys.executable, "-m", "mypy.stubtest", "bierl_fast._core"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
