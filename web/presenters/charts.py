"""Pictures as pages draw them: lines and stacked bars in an SVG of its own units, each with the words of every point, and what a reader who
sees no picture is told. Shapes and dashes tell the lines apart, not colour alone.

The templates are in `components/charts.html`. A table with the same figures stands below each picture.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: The picture: where the plot lies in it.
WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 34, 46
#: Ticks of the upright axis are 1, 2 or 5 times a power of ten; this many fit.
MOST_TICKS = 5
#: How wide a bar is.
BAR = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A place on the lower axis. `words` name it in sentences; on the axis stand the short words, and something below them."""

    at: float
    words: str
    short: str
    below: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One point, with what it says."""

    x: float
    y: float
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`path` leads through all points; `marks` are those that are drawn as such."""

    words: str
    path: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    x: float
    y: float
    height: float
    kind: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`name` tells the picture from others of its page; `says` is all of it in words. Labels as (place, words, words below)."""

    name: str
    title: str
    says: str
    unit: str
    across: tuple[tuple[float, str, str], ...]
    upright: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()  #: of bars: the kind and its words


class _Plot:
    """From values to places."""

    def __init__(self, least: float, most: float, top: float, *, inset: float = 0) -> None:
        self._least, self._span, self._top = least, (most - least) or 1, top
        self._left, self._wide = LEFT + inset, WIDTH - LEFT - RIGHT - 2 * inset

    def x(self, value: float) -> float:
        return round(self._left + self._wide * (value - self._least) / self._span, 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self._top, 1)


def line_chart(
    *, name: str, title: str, unit: str, labels: Sequence[Label], lines: Iterable[tuple[str, Sequence[float]]]
) -> Chart:
    """A line for each series: its words, and a figure for each label."""
    series = list(lines)
    ticks = _ticks(max((value for _, values in series for value in values), default=0))
    plot = _Plot(labels[0].at if labels else 0, labels[-1].at if labels else 1, ticks[-1])
    drawn = []
    for words, values in series:
        marks = tuple(
            Mark(x=plot.x(label.at), y=plot.y(value), says=f"{label.words} · {words} {value:g}")
            for label, value in zip(labels, values, strict=True)
        )
        drawn.append(Line(words=words, path=_path(marks), marks=marks))
    return Chart(
        name=name, title=title, says=_said(labels, series), unit=unit, lines=tuple(drawn), across=_across(labels, plot),
        upright=tuple((plot.y(n), str(n)) for n in ticks),
    )  # fmt: skip


def step_chart(
    *, name: str, title: str, says: str, labels: Sequence[Label], lines: Iterable[tuple[str, Sequence[tuple[float, float]]]]
) -> Chart:  # fmt: skip
    """Shares from 1 downwards: each line keeps its height until the next point and falls there."""
    plot, drawn = _Plot(0, labels[-1].at, 1), []
    for words, points in lines:
        path, height = [f"{plot.x(0)},{plot.y(1)}"], 1.0
        for at, share in points:
            path += [f"{plot.x(at)},{plot.y(height)}", f"{plot.x(at)},{plot.y(share)}"]
            height = share
        drawn.append(Line(words=words, path=" ".join(path), marks=()))
    upright = tuple((plot.y(n / 4), f"{25 * n}%") for n in range(5))
    return Chart(
        name=name, title=title, says=says, unit="", lines=tuple(drawn), across=_across(labels, plot), upright=upright
    )


def bar_chart(
    *, name: str, title: str, unit: str, labels: Sequence[Label], series: Sequence[tuple[str, str, Sequence[int]]]
) -> Chart:
    """A stack for each label. `series`: kind, words, and a figure for each label; the first lies at the bottom."""
    stacks = [sum(values[n] for _, _, values in series) for n in range(len(labels))]
    ticks = _ticks(max(stacks, default=0))
    plot = _Plot(labels[0].at if labels else 0, labels[-1].at if labels else 1, ticks[-1], inset=BAR)
    bars = []
    for n, label in enumerate(labels):
        below = 0
        for kind, words, values in series:
            if values[n]:
                foot, head = plot.y(below), plot.y(below + values[n])
                says = f"{label.words} · {words} {values[n]}"
                bars.append(
                    Bar(x=plot.x(label.at) - BAR / 2, y=head, height=round(foot - head, 1), kind=kind, says=says)
                )
                below += values[n]
    return Chart(
        name=name, title=title, says=_said(labels, [(words, values) for _, words, values in series]), unit=unit,
        bars=tuple(bars), kinds=tuple((kind, words) for kind, words, _ in series), across=_across(labels, plot),
        upright=tuple((plot.y(n), str(n)) for n in ticks),
    )  # fmt: skip


def _path(marks: Iterable[Mark]) -> str:
    return " ".join(f"{mark.x},{mark.y}" for mark in marks)


def _across(labels: Iterable[Label], plot: _Plot) -> tuple[tuple[float, str, str], ...]:
    return tuple((plot.x(label.at), label.short, label.below) for label in labels)


def _said(labels: Sequence[Label], series: Sequence[tuple[str, Sequence[float]]]) -> str:
    return " ".join(
        f"{label.words}: " + ", ".join(f"{words} {values[n]:g}" for words, values in series) + "."
        for n, label in enumerate(labels)
    )


def _ticks(most: float) -> range:
    step = _step(most)
    top = max(step * -(-int(most) // step), step)
    return range(0, top + 1, step)


def _step(most: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... with which the axis has few ticks."""
    power = 1
    while True:
        for lead in (1, 2, 5):
            if most <= lead * power * MOST_TICKS:
                return lead * power
        power *= 10
