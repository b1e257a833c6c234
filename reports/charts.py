"""The charts of the reports, each a function from numbers to a drawing that also says in words what it shows.

All return markup for ``page.Chart``. Series are labelled where they are drawn, not in a legend.
"""

from reports.bar_charts import Bar, Step, bars, grouped_bars, waterfall
from reports.line_charts import Band, Dot, Trace, calibration, curves, histogram, lines
from reports.svg import Axis

__all__ = [
    "Axis",
    "Band",
    "Bar",
    "Dot",
    "Step",
    "Trace",
    "bars",
    "calibration",
    "curves",
    "grouped_bars",
    "histogram",
    "lines",
    "waterfall",
]
