"""What a worker does to make a board pack: gather what it says in each language, and draw it."""

import json
from collections.abc import Callable
from importlib import import_module

from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.exchange.models import BoardPack
from riskreg.exchange.queries.packs import (
    PackScope,
    headline_figures,
    pack_contents,
    reader_for_audience,
)
from riskreg.exchange.services.packs import languages_of, store_file_and_wake_sender
from riskreg.exchange.writing.packs import merge_languages
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step
from riskreg.kernel import clock
from riskreg.register.access import viewer_for
from riskreg.register.permissions import require


def gather_pack_contents(
    step: Step, renew_claim_or_raise_if_cancelled: Callable[[], None]
) -> Outcome:
    """Everything that the pack says, in one language. Read as whoever asked for it may read now:
    who has left the party meanwhile is told so (``Forbidden``, ``NotFound``)."""
    row, language = _pack_of_step(step), step.key.partition(":")[2]
    renew_claim_or_raise_if_cancelled()
    with translation.override(row.made_by.language):
        viewer = viewer_for(row.made_by, row.register.slug)
        require(viewer, "pack.make", row)
    scope = PackScope(reader_for_audience(viewer, row.audience), row.as_of, row.since, clock.now())
    with translation.override(language):
        found = pack_contents(scope, row.audience)
    renew_claim_or_raise_if_cancelled()
    result = {"sections": len(found["sections"]), "figures": headline_figures(scope)}
    return Outcome(result, json.dumps(found).encode())


def draw_pack(step: Step, renew_claim_or_raise_if_cancelled: Callable[[], None]) -> Outcome:
    """The file. Raises ``ValueError`` where this machine lacks what draws it."""
    row = _pack_of_step(step)
    languages = languages_of(row.language)
    parts = {one.key: one.blob for one in step.job.steps.exclude(key=step.key)}
    found = [json.loads(bytes(parts[f"gather:{language}"] or b"")) for language in languages]
    contents = merge_languages(dict(zip(languages, found, strict=True)))
    renew_claim_or_raise_if_cancelled()
    with translation.override(row.made_by.language):
        write = import_module(f"riskreg.exchange.writing.pack_{row.format}").write_pack
        data: bytes = write(contents, languages, row.as_of)
    renew_claim_or_raise_if_cancelled()
    return Outcome({"bytes": len(data)}, save=lambda: store_file_and_wake_sender(row, data))


def _pack_of_step(step: Step) -> BoardPack:
    rows = BoardPack.objects.select_related("register", "made_by", "party").defer("data")
    row = rows.filter(uuid=step.job.subject).first()
    if row is None:
        raise ValueError(_("This board pack is no longer here."))
    return row
