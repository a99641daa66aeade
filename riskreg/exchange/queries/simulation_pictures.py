"""Pictures of what a run came to, each as a chart that stands by itself."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.analysis import drawing
from riskreg.analysis.amounts import amount_text, word_for_frequency_severity_or_driver
from riskreg.analysis.models import Simulation
from riskreg.analysis.queries.simulations import (
    drivers_of_run,
    objectives_of_run,
    results_of_done_run,
    risks_of_run,
)
from riskreg.exchange.writing.chart_svg import (
    TEXT,
    Chart,
    Mark,
    Shape,
    bar_path,
    chart_file,
    polygon_path,
)
from riskreg.exchange.writing.files import PICTURES
from riskreg.exchange.writing.heatmap_svg import text_width
from riskreg.kernel.errors import NotFound
from riskreg.kernel.localised import number, percent_text
from riskreg.register.access import Viewer
from riskreg.register.labels import Label
from riskreg.register.units import with_unit
from riskreg.register.visibility import Visibility

# So many bars are drawn; the table beside the picture has them all.
BARS = 20
_ROW, _NAME = 26, 250


class RunPictures:
    """The pictures of one run as ``viewer`` may know of it: risks, drivers and objectives that are
    not for them are without their name. Raises ``NotFound`` until the run is done."""

    def __init__(
        self, viewer: Viewer, row: Simulation, results: Mapping[str, Any] | None = None
    ) -> None:
        """``results``: what the run came to, where it has been read already."""
        self.viewer, self.row = viewer, row
        self.results = results_of_done_run(row) if results is None else results
        self.aims = {f"objective-{one['key']}": one for one in self.results["objectives"]}

    @property
    def picture_names(self) -> list[str]:
        """What there are pictures of."""
        found = [*_FIXED, *self.aims]
        return found if self.results.get("frontier") else [n for n in found if n != "frontier"]

    def chart(self, name: str) -> Chart:
        """The picture of that name. Raises ``NotFound``."""
        if name not in self.picture_names:
            text = _("This run has no such picture; there are: %(all)s.")
            raise NotFound(text % {"all": ", ".join(self.picture_names)})
        if name in self.aims:
            return self._fan(self.aims[name])
        return _FIXED[name](self)

    def _chart(self, title: str, label: str, **given: Any) -> Chart:
        row = self.row
        who = _("%(party)s only") % {"party": row.party}
        audience = [who] if row.visibility == Visibility.PARTY else []
        day = date_format(self.viewer.today(row.at), "DATE_FORMAT")
        about = _("Simulation of %(day)s, %(years)s years") % {
            "day": day, "years": number(row.years),
        }  # fmt: skip
        head = [" · ".join([self.viewer.register.name, about, str(Label(label).label), *audience])]
        more = given.pop("head", [])
        digest = _("Inputs %(digest)s, seed %(seed)d") % {
            "digest": row.digest[:12], "seed": row.seed,
        }  # fmt: skip
        return Chart(
            title=title,
            language=get_language() or "en",
            head=[*head, *more],
            foot=[*given.pop("foot", ()), digest],
            **given,
        )

    def loss(self) -> Chart:
        """The chance of a year that costs more than each amount, before and after."""
        curves = drawing.loss_curves(self.results["curves"])
        points = self.viewer.criteria.tolerance or []
        tolerance = drawing.tolerance_path(self.results["curves"], points)
        ends = {0: "start", len(curves.amounts) - 1: "end"}
        marks = [
            Mark(x, curves.height - 6, amount_text(value), ends.get(n, "middle"))
            for n, (x, value) in enumerate(curves.amounts)
        ]
        marks += [
            Mark(curves.left - 6, y + 4, percent_text(share), "end") for y, share in curves.chances
        ]
        return self._chart(
            _("How likely a year costs more"),
            self.results["label"],
            head=[_("Amounts in %(unit)s") % {"unit": self.row.currency}],
            width=curves.width,
            height=curves.height,
            left=curves.left,
            grid=[y for y, _share in curves.chances],
            shapes=[
                *(Shape(side, path) for side, path in curves.paths.items()),
                *([Shape("tolerance", tolerance)] if tolerance else []),
            ],
            marks=marks,
            legend=[
                *_sides_with_labels(),
                *([("tolerance", _("What is tolerated"))] if tolerance else []),
            ],
        )

    def contributions(self) -> Chart:
        """What each risk adds to the worst year in 20, before and after."""
        before, after = (self.results["contributions"][side]["tail"] for side in _SIDES)
        order = sorted(before, key=lambda risk: (-before[risk], risk))[:BARS]
        names = self._titles_by_id()
        top = max((abs(x) for side in (before, after) for x in side.values()), default=0.0) or 1.0
        shapes, marks = [], []
        width = drawing.WIDTH - _NAME - 90
        for n, risk in enumerate(order):
            y = n * _ROW
            marks.append(Mark(_NAME - 8, y + 15, _shorten_to_fit(names[risk]), "end"))
            for side, style, offset in ((before, "bar", 3), (after, "bar_after", 13)):
                long = width * abs(side[risk]) / top
                shapes.append(Shape(style, bar_path(_NAME, y + offset, long, 8)))
            longest = width * max(abs(before[risk]), abs(after[risk])) / top
            amount = amount_text(before[risk])
            marks.append(Mark(_NAME + longest + 6, y + 15, amount, "start"))
        return self._chart(
            _("Where the worst years come from"),
            self.results["label"],
            head=[_("Of the average of the worst year in 20, in %(unit)s")
                  % {"unit": self.row.currency}],
            foot=_note_where_bars_cut(len(before)),
            width=drawing.WIDTH,
            height=max(1, len(order)) * _ROW,
            shapes=shapes,
            marks=marks,
            legend=[("bar", _("Before the mitigations")), ("bar_after", _("After them"))],
        )  # fmt: skip

    def tornado(self) -> Chart:
        """What the expected year would be with one number at either end, the widest first."""
        bars, base = self.results["tornado"]["bars"], self.results["tornado"]["base"]
        names = self._titles_by_id()
        shown = bars[:BARS]
        ends = [base, *(end for one in shown for end in (one["low"], one["high"]))]
        least, most = min(ends), max(ends)
        left, width = _NAME + 60, drawing.WIDTH - _NAME - 120

        def x(value: float) -> float:
            return float(left + width * (value - least) / ((most - least) or 1.0))

        shapes, marks = [], []
        for n, one in enumerate(shown):
            y, (low, high) = n * _ROW, sorted((one["low"], one["high"]))
            name = _shorten_to_fit(
                names[one["risk"]], f" · {word_for_frequency_severity_or_driver(one['on'])}"
            )
            marks.append(Mark(_NAME - 8, y + 15, name, "end"))
            shapes.append(Shape("bar", bar_path(x(low), y + 5, max(1.0, x(high) - x(low)), 13)))
            marks.append(Mark(x(low) - 5, y + 15, amount_text(low), "end"))
            marks.append(Mark(x(high) + 5, y + 15, amount_text(high), "start"))
        shapes.append(Shape("target", f"M{x(base):.1f} 0 V{max(1, len(shown)) * _ROW}"))
        expected = _("The expected year: %(amount)s") % {
            "amount": amount_text(base, self.row.currency)
        }
        return self._chart(
            _("Which number matters most"),
            self.results["label"],
            head=[_("One number at its low and its high end (1 in 20 each way), the others as "
                    "they are")],
            foot=_note_where_bars_cut(len(bars)),
            width=drawing.WIDTH,
            height=max(1, len(shown)) * _ROW,
            shapes=shapes,
            marks=marks,
            legend=[("target", expected)],
        )  # fmt: skip

    def frontier(self) -> Chart:
        """The least expected loss for each budget."""
        points = self.results["frontier"]
        picture = drawing.frontier(
            [
                drawing.BudgetAndLoss(one["budgets"][0]["amount"], one["chosen"]["mean"][0])
                for one in points
            ]
        )
        marks = [
            Mark(x, picture.height - 6, amount_text(value)) for x, value in picture.amounts
        ] + [
            Mark(picture.left - 6, y + 4, amount_text(value), "end") for y, value in picture.losses
        ]
        dots = [Shape("bar", bar_path(x - 3, y - 3, 6, 6)) for x, y in picture.points]
        return self._chart(
            _("What the money buys"),
            self.results["label"],
            head=[_("Upwards the expected loss of a year, to the right the budget, in %(unit)s")
                  % {"unit": self.row.currency}],
            width=picture.width,
            height=picture.height,
            left=picture.left,
            grid=[y for y, _value in picture.losses],
            shapes=[Shape("before", picture.path), *dots],
            marks=marks,
        )  # fmt: skip

    def _fan(self, one: Mapping[str, Any]) -> Chart:
        """The level of an objective year by year."""
        picture, unit = drawing.fan(one), one["unit"]
        aim = objectives_of_run(self.viewer, self.row).get(one["objective"])
        same = one["sides"]["before"] == one["sides"]["after"]
        marks = [Mark(x, picture.height - 6, str(year)) for x, year in picture.years]
        marks += [Mark(picture.left - 6, y + 4, amount_text(level), "end")
                  for y, level in picture.levels]  # fmt: skip
        shapes = [
            Shape("wide", polygon_path(picture.wide)),
            Shape("narrow", polygon_path(picture.narrow)),
            Shape("before", picture.middle),
            *([] if same else [Shape("after", picture.after)]),
            Shape("target", f"M{picture.left} {picture.target} H{picture.width}"),
        ]
        target = _("Target: %(value)s") % {"value": with_unit(number(one["target"]), unit)}
        return self._chart(
            aim.name if aim else _("an objective that is not shown"),
            one["label"],
            width=picture.width,
            height=picture.height,
            left=picture.left,
            grid=[y for y, _level in picture.levels],
            shapes=shapes,
            marks=marks,
            legend=[
                ("before", _("half above, half below")),
                *([] if same else [("after", _("After them"))]),
                ("narrow", _("the middle half of the cases")),
                ("wide", _("9 in 10 of the cases")),
                ("target", target),
            ],
        )

    def _titles_by_id(self) -> dict[str, str]:
        """By public id what a bar is called."""
        found = {
            key: f"{risk.ref} {risk.localized('title')}"
            for key, risk in risks_of_run(self.viewer, self.row).items()
        }
        drivers = drivers_of_run(self.viewer, self.row)
        found |= {key: f"{driver.ref} {driver.name}" for key, driver in drivers.items()}
        return _Named(found)


class PictureFile(NamedTuple):
    """A picture as it is downloaded."""

    data: bytes
    content_type: str
    file_name: str


def picture_file(viewer: Viewer, row: Simulation, name: str, kind: str) -> PictureFile:
    """A picture of a run as a file in one of ``PICTURES``. Raises ``NotFound``."""
    data = chart_file(kind, RunPictures(viewer, row).chart(name))
    media_type, ending = PICTURES[kind]
    day = viewer.today(row.at).isoformat()
    return PictureFile(data, media_type, f"{viewer.register.slug}-{name}-{day}.{ending}")


class _Named(dict[str, str]):
    """What nobody may be told the name of."""

    def __missing__(self, key: str) -> str:
        return _("a risk that is not shown")


def _shorten_to_fit(text: str, more: str = "") -> str:
    """A name as there is room for beside its bar, with ``more`` after it."""
    room = _NAME - 8 - text_width(more, TEXT)
    if text_width(text, TEXT) <= room:
        return text + more
    while text_width(text + "…", TEXT) > room:
        text = text[:-1].rstrip()
    return f"{text}…{more}"


def _note_where_bars_cut(count: int) -> list[str]:
    if count <= BARS:
        return []
    return [_("The first %(n)d of %(all)d") % {"n": BARS, "all": count}]


def _sides_with_labels() -> list[tuple[str, str]]:
    return [("before", _("Before the mitigations")), ("after", _("After them"))]


_SIDES = ("before", "after")
_FIXED: dict[str, Callable[[RunPictures], Chart]] = {
    "loss": RunPictures.loss,
    "contributions": RunPictures.contributions,
    "tornado": RunPictures.tornado,
    "frontier": RunPictures.frontier,
}
