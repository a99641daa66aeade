"""The radio grid's answer: a cell written "likelihood,impact"."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Invalid
from riskreg.risks.models import Position


def cell_choice_or_none(position: Position, stage: str) -> str | None:
    """Where the risk stands at ``stage``, or None where it was not judged."""
    cell = position.cell(stage)
    return f"{cell['likelihood']},{cell['impact']}" if cell else None


def posted_or_current_cell(request: HttpRequest, now: str | None) -> str | None:
    """What the grid shows as chosen: what was sent, else where the risk stands."""
    return request.POST.get("cell") or now


def parse_cell_choice(text: str) -> dict[str, int] | None:
    """{likelihood, impact} of an answer; None for none. Raises ``Invalid`` for what is no cell.

    Whether the criteria have these levels is for the services to say.
    """
    if not text:
        return None
    likelihood, comma, impact = text.partition(",")
    if not (comma and likelihood.isascii() and impact.isascii()):
        likelihood = impact = ""
    if not (likelihood.isdigit() and impact.isdigit() and len(text) < 10):
        raise Invalid.one("likelihood", "not_a_cell", _("Choose a cell of the matrix."))
    return {"likelihood": int(likelihood), "impact": int(impact)}
