"""The site: `make docs` builds docs/_build/html from these pages, the docstrings and the results, fetching nothing."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]  # the package as it stands here, and the two helpers beside this file
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(HERE)])  # of the pages' own processes
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # their `simcache`
os.environ["COLUMNS"] = "100"
os.environ.pop("MPLBACKEND", None)  # pages show what they draw
# Their kernels begin with %%terminal and sharp pictures, so that no page needs a cell for it.
settings = HERE / "_build" / "ipython" / "profile_default" / "ipython_kernel_config.py"
settings.parent.mkdir(parents=True, exist_ok=True)
settings.write_text('c.InteractiveShellApp.extensions = ["pages"]\nc.InlineBackend.figure_formats = {"svg"}\n')
os.environ["IPYTHONDIR"] = str(settings.parent.parent)

import generating  # noqa: E402
import naming  # noqa: E402

import simcache  # noqa: E402

project, author, copyright = "simcache", "The simcache developers", "The simcache developers; MIT licence"
version = release = simcache.__version__
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build", "_static", "**.ipynb_checkpoints"]
nitpicky = True

# Types stand in the docstrings, in words; the annotations are NumPy's private ones.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
default_role = "named"  # `simulate` in a docstring is a link if there is such a public name, else code

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_excludepatterns = ["generated/notebooks/*"]  # shown with their committed outputs
nb_output_stderr = "remove"  # progress, and that a kernel is compiled: of that run alone

html_theme = "pydata_sphinx_theme"
html_title = "simcache"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_show_sourcelink = html_domain_indices = False
html_sidebars = {page: [] for page in ("index", "quickstart", "concepts", "theory", "search", "genindex")}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": False,
    "show_toc_level": 2,  # functions beside the headings of their families
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# MathJax is kept here, so that no reader's browser asks anybody else for it (Apache-2.0, _static/mathjax.LICENSE).
mathjax_path = "mathjax.js"
mathjax3_config = {"options": {"enableMenu": False}}


def setup(app):
    generating.write(HERE / "generated", ROOT)
    app.add_role("named", naming.role)
