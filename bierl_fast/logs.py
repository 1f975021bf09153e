"""The package's loggers of the standard library: silent until a program sets logging up.

Here and not in the package's __init__, as importing `logging` is a fifth of what importing this package takes.
"""

from __future__ import annotations

import logging

logging.getLogger("bierl_fast").addHandler(logging.NullHandler())


def logger(module: str) -> logging.Logger:
    """The logger of a module of this package, by the module's name."""
    return logging.getLogger(module)
