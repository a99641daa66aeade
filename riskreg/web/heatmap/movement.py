"""The stage that shows how risks go over the map: a drawing, and the same as lists."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.utils.safestring import SafeString

from riskreg.exchange.queries.heatmap_pictures import heatmap_picture, leg_lines, leg_name
from riskreg.exchange.writing.heatmap_svg import picture_svg
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.heatmap_flows import LEGS, Flows
from riskreg.web.heatmap.asked import HeatmapAsked
from riskreg.web.presenters import Scale

# So many ways of each leg are listed, those of the most risks.
LISTED = 20


def movement_context(
    asked: HeatmapAsked,
    shown: Heatmap,
    flows: Flows | None,
    scale: Scale,
    risk_url: Callable[[str], str],
) -> dict[str, Any] | None:
    """What the page shows of ``flows``; None where another stage is asked for."""
    if flows is None:
        return None
    picture = heatmap_picture(asked.viewer, shown, asked.at, flows=flows)
    drawn = picture_svg(replace(picture, head=(), foot=leg_lines(flows)))

    def place(cell: tuple[int, int]) -> str:
        return scale.place_in_words({"likelihood": cell[0], "impact": cell[1]})

    legs = []
    for leg in LEGS:
        ways = flows.of_leg(leg)
        listed = [
            {
                "count": flow.count,
                "start": place(flow.start),
                "end": place(flow.end),
                "risks": [(ref, risk_url(ref)) for ref in flow.refs],
                "more": flow.count - len(flow.refs),
            }
            for flow in ways[:LISTED]
        ]
        more = len(ways) - len(listed)
        legs.append({"name": leg_name(leg), "ways": listed, "more": more})
    return {"drawn": SafeString(drawn), "title": picture.title, "legs": legs}
