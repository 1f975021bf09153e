"""Scripts around a process pool, in a Python of their own."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager

from helpers.subprocesses import command, running

HEAD = """
import os, sys, time
import numpy as np
import bierl_fast as bf
from helpers.populations import assert_same_bits, population
from helpers.pool_evaluators import WALK
"""


def at_work(evaluator: str = "evaluator") -> str:
    """Code that says so, in a thread beside, once workers play rows."""
    return f"""
import threading
def tell():
    while not any(worker.rows for worker in list({evaluator}._pool.workers)):
        time.sleep(0.01)
    print("at work", flush=True)
threading.Thread(target=tell, daemon=True).start()
"""


def started(code: str, *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return running([*command(HEAD + code), *arguments])


def said(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()
