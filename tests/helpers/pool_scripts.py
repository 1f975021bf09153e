"""Scripts around a process pool, in a Python of their own."""

from __future__ import annotations

import subprocess

from helpers.subprocesses import command, environment

HEAD = """
import os, sys, time
import numpy as np
import bierl_fast as bf
from helpers.populations import assert_same_bits, population
from helpers.pool_evaluators import WALK
"""


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command(HEAD + code), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def said(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()
