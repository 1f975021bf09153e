"""The tables of terms and of wrappers, read from the compiled module: what each is and takes stands there, once.

the tables in C++ -> markdown
"""

from __future__ import annotations

from bierl_fast._native import core


def markdown() -> str:
    """Every term, in the order of the table; those of rewards alone last."""
    lines = ["| term | options of its own | what it is |", "|---|---|---|"]
    for row in core.terms():
        options = ", ".join(f"`{name}`" for name in row["options"])
        where = " In rewards alone; it takes `weight` and `label`." if row["reward_alone"] else ""
        lines.append(f"| `{row['name']}` | {options} | {row['help']}{where} |")
    return "\n".join(lines)


def wrappers() -> str:
    """Every wrapper of native tasks."""
    lines = ["| wrapper | arguments | what it does |", "|---|---|---|"]
    for row in core.wrappers():
        lines.append(f"| `{row['name']}` | {', '.join(f'`{name}`' for name in row['options'])} | {row['help']} |")
    return "\n".join(lines)
