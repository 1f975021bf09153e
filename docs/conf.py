"""How Sphinx makes a site of these pages: `sphinx-build -W --keep-going -q docs build/docs`. Nothing is downloaded.

    *.md -> MyST -> Sphinx -> furo -> build/docs/index.html

The directives `settings`, `terms` and `wrappers` are replaced by what settings_page.py and terms_page.py read in the
package.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import bierl_fast

sys.path.insert(0, str(Path(__file__).parent))
import settings_page
import terms_page

project = "bierl_fast"
copyright = "2026, the bierl_fast authors"
release = version = bierl_fast.__version__
html_title = f"bierl_fast {release}"
html_theme = "furo"
html_static_path = ["style"]
html_css_files = ["wide.css"]
html_show_sphinx = False
html_copy_source = False
extensions = ["myst_parser"]
myst_heading_anchors = 3  # links to headings, as GitHub has them
exclude_patterns = ["examples/__pycache__"]


class Settings(SphinxDirective):
    """Every setting of the package, in tables."""

    def run(self) -> list[nodes.Node]:
        """The nodes in the directive's place."""
        self.env.note_reread()  # it depends on the package, whose changes Sphinx does not see
        return self.parse_text_to_nodes(settings_page.markdown(), allow_section_headings=True)


class Terms(SphinxDirective):
    """Every term of tasks of one's own, in a table."""

    def run(self) -> list[nodes.Node]:
        """The nodes in the directive's place."""
        self.env.note_reread()
        return self.parse_text_to_nodes(terms_page.markdown())


class Wrappers(SphinxDirective):
    """Every wrapper of native tasks, in a table."""

    def run(self) -> list[nodes.Node]:
        """The nodes in the directive's place."""
        self.env.note_reread()
        return self.parse_text_to_nodes(terms_page.wrappers())


def outside(app: Sphinx, name: str, source: list[str]) -> None:
    """Make what a page links to outside of this folder a download: Sphinx takes a Markdown file there for a page."""
    source[0] = re.sub(r"(?<!!)(\[[^\]]*\])\(\.\./", r"\1(path:../", source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("settings", Settings)
    app.add_directive("terms", Terms)
    app.add_directive("wrappers", Wrappers)
    app.connect("source-read", outside)
    return {"parallel_read_safe": True}
