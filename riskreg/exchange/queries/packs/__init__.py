"""What a board pack says: the register as of a day, section by section, in one language."""

from riskreg.exchange.queries.packs.contents import (
    PackScope,
    figure_labels,
    headline_figures,
    pack_contents,
    reader_for_audience,
)

__all__ = ["PackScope", "figure_labels", "headline_figures", "pack_contents", "reader_for_audience"]
