"""Statistics as Vega-Lite specifications, made with Altair.

Importing this module imports Altair, so only code that shows a chart does.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from pbf.rules.statistics import BAD, GOOD, Bar, Statistic

Spec = dict[str, Any]

PICK = "pick"
STEP = 28
TALL = 200
# On the longer side of the line.
MOST_TICKS = 2
NO_PADDING = {"top": 0, "bottom": 0, "left": 0, "right": 0}
# After Okabe and Ito, whose colours everybody can distinguish; darker where a contrast of three to
# one on white requires it. A word or a position says the same as each colour.
COLOURS = {
    "good": "#009468",
    "busy": "#2b7fc9",
    "attention": "#c27c00",
    "bad": "#d55e00",
    "quiet": "#7a8594",
}
# The text colours of the page's two themes, which Vega does not inherit.
INK = {"light": "#1b2430", "dark": "#e7ecf3"}


def spec(figure: Statistic, theme: str) -> Spec:
    """Return the chart of a figure for the light or the dark theme."""
    draw = {"hours": _hours, "days": _days}.get(figure.id, _counts)
    # Altair's own checks take longer than the rest; the tests check each chart against the schema.
    with debug_mode(False):
        drawn: Spec = draw(figure.bars, INK[theme]).to_dict(validate=False)
    return drawn


def _counts(bars: Sequence[Bar], ink: str) -> Any:
    """Return horizontal bars, each with its name in front and its number behind."""
    most = max((1, *(bar.count for bar in bars)))
    axis = alt.Axis(
        title=None, domain=False, ticks=False, labelLimit=180, labelPadding=8, labelColor=ink
    )
    base = alt.Chart(_values(bars)).encode(
        y=alt.Y("label:N", sort=None, axis=axis),
        x=alt.X("count:Q", axis=None, scale=alt.Scale(domain=[0, most * 1.15])),
    )
    drawn = base.mark_bar(cornerRadiusEnd=3, height={"band": 0.7}, cursor="pointer").encode(
        color=_colour(), tooltip=[_named("label"), _counted()]
    )
    numbers = base.mark_text(align="left", dx=6, color=ink, fontSize=13).encode(
        text=alt.Text("count:Q", format=",")
    )
    layers = alt.layer(drawn.add_params(_pick()), numbers)
    # Streamlit subtracts the padding from the height, which would hide a single bar.
    return layers.properties(height=STEP * max(1, len(bars)), padding=NO_PADDING)


def _hours(bars: Sequence[Bar], ink: str) -> Any:
    """Return a bar per hour: what succeeded above the line, what failed below it."""
    ago = "datum.value == '0' ? 'now' : datum.value + ' h ago'"
    values = ["18", "12", "6", "0"]
    axis = alt.Axis(title=None, values=values, labelExpr=ago, labelAngle=0, labelColor=ink)
    return _up_and_down(bars, ink, axis, "Hours ago")


def _days(bars: Sequence[Bar], ink: str) -> Any:
    """Return a bar per day, in the same way."""
    values = [bar.label for bar in bars[: len(bars) // 2 : 30]]
    axis = alt.Axis(title=None, values=values, labelAngle=0, labelColor=ink)
    return _up_and_down(bars, ink, axis, "Day (UTC)")


def _up_and_down(bars: Sequence[Bar], ink: str, axis: alt.Axis, title: str) -> Any:
    least, most = _reach(bars)
    counts = alt.Axis(
        title=None,
        values=_ticks(least, most),
        # Few enough to have room; Vega would leave out every other one, 0 among them.
        labelOverlap=False,
        labelExpr="format(abs(datum.value), ',')",
        labelColor=ink,
    )
    legend = alt.Legend(title=None, orient="top", labelColor=ink)
    kinds = alt.Scale(domain=[GOOD, BAD], range=[COLOURS["busy"], COLOURS["bad"]])
    leads = any(bar.query for bar in bars)
    return (
        alt.Chart(_values(bars))
        .mark_bar(cursor="pointer" if leads else "default")
        .encode(
            x=alt.X("label:O", sort=None, axis=axis),
            y=alt.Y("signed:Q", axis=counts, scale=alt.Scale(domain=[least, most], nice=True)),
            color=alt.Color("group:N", scale=kinds, legend=legend),
            tooltip=[
                alt.Tooltip("label:O", title=title),
                _named("group"),
                _counted("Connectors" if leads else "Syncs"),
            ],
        )
        .add_params(_pick())
        .properties(height=TALL)
    )


def _reach(bars: Sequence[Bar]) -> tuple[int, int]:
    """Return the least and the greatest value; an extent is there without any bar too.

    The scale needs it before Streamlit adds the values.
    """
    signed = [-bar.count if bar.group == BAD else bar.count for bar in bars]
    least, most = min((0, *signed)), max((0, *signed))
    return least, most if most or least else 1


def _ticks(least: int, most: int) -> list[int]:
    """Return a few round numbers from the least to the greatest value, 0 among them."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if max(most, -least) <= MOST_TICKS * step)
    return [step * number for number in range(-(-least // step), most // step + 1)]


def _values(bars: Sequence[Bar]) -> alt.Data:
    return alt.Data(  # type: ignore[no-untyped-call]
        values=[
            {
                "label": bar.label,
                "group": bar.group,
                "tone": bar.tone,
                "count": bar.count,
                "signed": -bar.count if bar.group == BAD else bar.count,
            }
            for bar in bars
        ]
    )


def _pick() -> alt.Parameter:
    return alt.selection_point(name=PICK, fields=["label", "group"])


def _colour() -> alt.Color:
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    return alt.Color("tone:N", scale=scale, legend=None)


def _named(field: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:N", title=" ")


def _counted(title: str = "Connectors") -> alt.Tooltip:
    return alt.Tooltip("count:Q", title=title, format=",")
