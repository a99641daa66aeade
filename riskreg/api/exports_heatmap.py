"""The heatmap as a file: its cells, what moved, and pictures of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from riskreg.api.core import schema, schema_exports
from riskreg.api.core.query import with_errors_in_query
from riskreg.api.exports import OWN, FileApi, renderer_class_for
from riskreg.exchange.queries.heatmap_pictures import clean_cell_content, heatmap_picture
from riskreg.exchange.queries.sheets import flows_sheet, heatmap_sheets
from riskreg.exchange.writing.files import FORMATS, PICTURES, AboutLine, LazySheet
from riskreg.exchange.writing.heatmap_svg import picture_file
from riskreg.kernel.errors import Errors
from riskreg.risks import filters
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.heatmap_flows import flows_on, split_off_movement

# A file names them all: more do not stand in one cell of a register that anybody reads.
REFS = 10_000


class HeatmapExport(FileApi):
    """The heatmap of a day."""

    name = "heatmap"
    formats = FORMATS | PICTURES
    renderer_classes = [
        *FileApi.renderer_classes,
        *(renderer_class_for(m) for m, _e in PICTURES.values()),
    ]

    def sheets(self, params: Any, **named: str) -> Sequence[LazySheet]:
        """The cells, and what moved; or how risks go over the map."""
        other_params = ("as_of", "compare", "cells", *OWN)
        asked, moving = split_off_movement(params)
        chosen = with_errors_in_query(
            lambda: filters.parse(
                self.viewer, asked, self.at, other_params=other_params, one_kind=True
            )
        )
        as_of, compare = self.parse_days(params, "as_of", "compare")
        errors = Errors()
        self.cells = clean_cell_content(errors, params.getlist("cells"))
        with_errors_in_query(errors.raise_if_any)
        self.given = chosen.given
        self.shown = with_errors_in_query(
            lambda: heatmap(
                self.viewer, stage=chosen.stage, at=self.at, as_of=as_of,
                compare=None if moving else compare, chosen=chosen, kind=chosen.kind,
                refs_per_cell=REFS,
            )
        )  # fmt: skip
        self.flows = flows_on(self.viewer, self.shown, chosen, self.at, REFS) if moving else None
        if self.flows is not None:
            return [flows_sheet(self.viewer, self.flows)]
        return heatmap_sheets(self.viewer, self.shown)

    def pieces(
        self, kind: str, sheets: Sequence[LazySheet], about: Sequence[AboutLine]
    ) -> Iterable[bytes]:
        """A picture, or a file as of every list."""
        if kind not in PICTURES:
            return super().pieces(kind, sheets, about)
        filters_given = [
            f"{name} = {', '.join(values)}"
            for name, values in self.given.items()
            if name not in ("stage", "kind", "parts")
        ]
        picture = heatmap_picture(
            self.viewer, self.shown, self.at, cell_content=self.cells, flows=self.flows,
            filters=filters_given,
        )  # fmt: skip
        return [picture_file(kind, picture)]

    @schema_exports.file(
        "Export the heatmap", "cells", schema.HEATMAP_FILE_PARAMS, FORMATS | PICTURES
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """A row for each cell with every ref in it, and one for what is unrated; what moved since
        `compare` where there is room for another list (`xlsx`, `json`). With `stage=movement` a row
        for each way from one cell to another, from inherent to residual (`controls`) and on to
        target (`planned`). `svg` and `png` are the map as the page draws it; `cells` says what
        stands in its cells."""
        return self.file(request)
