"""Charts of the report, drawn by pygal as SVG without a style or a script of their own: the page's style sheet colours
them, in light and dark alike.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element, tostring

import pygal
from markupsafe import Markup

# pygal's finder of plugins knows only the old way of importing, of which Python warns at every import after.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

SIZE = {"width": 640, "height": 220, "margin": 8}
PLAIN: dict[str, Any] = {"show_legend": False, "js": (), "css": (), "disable_xml_declaration": True, **SIZE}
PLAIN |= {"max_scale": 6, "value_formatter": lambda number: f"{number:,.10g}", "include_x_axis": True}
LABELS = 5


def histogram(column: dict[str, Any]) -> Markup | None:
    """How a column's values are spread; None for one that has no histogram."""
    bins = column.get("histogram")
    if not bins:
        return None
    edges, counts = bins["edges"], bins["counts"]
    chart = pygal.Histogram(**PLAIN)
    chart.add("", [(count, place, place + 1) for place, count in enumerate(counts)])
    marks = sorted({round(step * len(counts) / LABELS) for step in range(LABELS + 1)})
    chart.x_labels = [{"value": place, "label": _short(edges[place])} for place in marks]
    fullest = max(range(len(counts)), key=counts.__getitem__)
    told = (
        f"Histogram of {column['name']}: {sum(counts):,} values in {len(counts)} bins from {edges[0]} to {edges[-1]}. "
        f"The fullest, from {edges[fullest]} to {edges[fullest + 1]}, holds {counts[fullest]:,}."
    )
    return drawn(chart, told)


def speed(points: list[dict[str, Any]]) -> Markup | None:
    """Rows a second over the time of a load; None when there are no two points of time."""
    rates = [
        (later["seconds"], (later["rows"] - earlier["rows"]) / (later["seconds"] - earlier["seconds"]))
        for earlier, later in pairwise(points)
        if later["seconds"] > earlier["seconds"]
    ]
    if not rates:
        return None
    chart = pygal.XY(**PLAIN, show_dots=len(rates) == 1, x_value_formatter="{:g}".format)
    chart.add("", rates)
    values = [rate for _seconds, rate in rates]
    told = (
        f"Rows a second over {points[-1]['seconds']:,.1f} seconds: at least {min(values):,.0f}, at most "
        f"{max(values):,.0f}; {points[-1]['rows']:,} rows in all."
    )
    return drawn(chart, told)


def drawn(chart: pygal.graph.graph.Graph, told: str) -> Markup:
    """The chart as an SVG element to stand in a page. told: the same in words."""
    tree = chart.render_tree()
    _without(tree)
    for name in ("xmlns", "id"):
        tree.attrib.pop(name, None)
    tree.attrib |= {"role": "img", "aria-label": told}
    title = Element("title")
    title.text = told
    tree.insert(0, title)
    return Markup(tostring(tree, encoding="unicode"))


def _without(element: Element) -> None:
    """Take out what only pygal's own script and style would use."""
    for child in list(element):
        classes = child.get("class", "")
        if not isinstance(child.tag, str) or child.tag in ("defs", "desc", "title") or "overlay" in classes:
            element.remove(child)
        else:
            _without(child)


def _short(edge: Any) -> str:
    """An edge as a label: of a moment the date, of a number few digits."""
    if isinstance(edge, str):
        return edge.split("T")[0][:12]
    return f"{edge:.6g}" if isinstance(edge, float) else str(edge)
