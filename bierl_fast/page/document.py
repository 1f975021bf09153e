"""A page as one file of HTML: style, script, charts and films are inside, and nothing is loaded from elsewhere.

Page -> rendered -> text
"""

from __future__ import annotations

import base64
from pathlib import Path

from bierl_fast.optional import optional
from bierl_fast.page.blocks import Film, Page
from bierl_fast.page.charts import Drawer, library

HERE = Path(__file__).parent


def rendered(page: Page) -> str:
    """The file.

    Raises:
        InstallationError: Bokeh or Jinja2 is missing.
    """
    jinja = optional("jinja2", "report", "a report")
    surroundings = jinja.Environment(
        loader=jinja.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja.StrictUndefined,
    )
    drawer = Drawer()
    surroundings.filters |= {"placed": drawer.add, "data": _data}
    body = surroundings.get_template("body.html").render(page=page)
    script, elements = drawer.drawn()
    for name, element in elements.items():
        body = body.replace(f"<!-- {name} -->", element)
    whole = surroundings.get_template("page.html").render(
        page=page,
        body=body,
        style=_text("page.css"),
        behavior=_text("page.js"),
        script=script.replace("</", "<\\/"),
        library=library() if elements else "",
    )
    return str(whole).encode(errors="backslashreplace").decode()  # names of files that are no UTF-8


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _data(film: Film) -> str:
    return f"data:{film.media};base64,{base64.b64encode(film.data).decode()}"
