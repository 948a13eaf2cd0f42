"""What DagBuilder edits, without a browser: gestures and texts in, a valid DAG out.

``design.py`` takes what somebody did and keeps the DAG; ``palette.py`` knows what can be put
into it, ``form.py`` how a node's options are typed, ``history.py`` what can be undone, and
``example.py`` what to show first.
"""

from linus_nb.widgets.building.design import Design
from linus_nb.widgets.building.form import FormField
from linus_nb.widgets.building.palette import PaletteEntry
from linus_nb.widgets.building.problems import Problem

__all__ = ["Design", "FormField", "PaletteEntry", "Problem"]
