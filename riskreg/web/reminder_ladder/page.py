"""Reading and changing the ladder of a register."""

import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.accounts.queries import users_by_uuid
from riskreg.events.queries import history_of
from riskreg.kernel.errors import Conflict, Invalid, NotFound
from riskreg.register.change_models import ChangeRequest
from riskreg.register.permissions import permits, require
from riskreg.register.queries import active_members_for
from riskreg.reminders.labels import offset_text, rung_labels, rung_line
from riskreg.reminders.models import Ladder
from riskreg.reminders.policy import DEFAULT_LADDER, MAX_RUNGS, Rung, clean_ladder, rungs_from
from riskreg.reminders.queries import LadderInForce, ladder_versions
from riskreg.reminders.queries.ladders import DEFAULT
from riskreg.reminders.services import set_reminder_ladder
from riskreg.risks.models import Risk
from riskreg.web.base import RegisterView, posted_version_or_minus_one
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.forms.keeping import draft_fields_to_refill
from riskreg.web.reminder_ladder.form import (
    Row,
    put_errors_into_rows,
    rows_for_template,
    rows_from_form,
    rows_of,
)
from riskreg.web.reminder_ladder.preview import (
    Preview,
    preview_reminders_of_named_risk,
    risks_to_preview,
)

VERSIONS_SHOWN = 20


class ReminderLadderPage(RegisterView):
    """Everybody of the register reads it; managers have it as a form, and each button of the form
    is a request of its own, so that all of it works without a script."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The ladder in force, or with ``?version=`` an earlier one; ``?risk=`` is foretold."""
        now = self.ladder_in_force
        number = request.GET.get("version", "")
        rungs = self._rungs_of_version(number) if number else now.rungs
        written = draft_fields_to_refill(request)
        return self._page(
            now,
            rows_from_form(written) if written else rows_of(rungs),
            preview=self._preview(request.GET.get("risk", ""), rungs),
            earlier=int(number) if number else None,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """``action``: save, reset, add, remove-N, or (the default) preview."""
        require(self.viewer, "ladder.edit")
        action, rows = request.POST.get("action", ""), rows_from_form(request.POST)
        if action == "save":
            rows = [row for row in rows if not row.is_blank]
            return self._save(rows, [row.fields_for_service() for row in rows])
        if action == "reset":
            return self._save(rows, DEFAULT_LADDER)
        now = self.ladder_in_force
        if action == "add":
            rows.append(Row(fresh=True))
            return self._page(now, rows, preview=self._preview_of_form_rows(rows, mark=False))
        if action.startswith("remove-"):
            rows = [row for n, row in enumerate(rows) if f"remove-{n}" != action]
            return self._page(now, rows, preview=self._preview_of_form_rows(rows, mark=False))
        shown = self._preview_of_form_rows(rows, mark=True)
        refused = shown.wrong and not self._is_asked_by_htmx
        return self._page(now, rows, preview=shown, status=400 if refused else 200)

    @cached_property
    def versions(self) -> list[Ladder]:
        """Every ladder the register made, newest first."""
        return ladder_versions(self.viewer.register)

    @cached_property
    def ladder_in_force(self) -> LadderInForce:
        """The ladder in force."""
        newest = next(iter(self.versions), None)
        return LadderInForce(newest.number, rungs_from(newest.rungs)) if newest else DEFAULT

    @cached_property
    def risks_to_pick(self) -> list[Risk]:
        """Risks to pick from, the most urgent first."""
        return risks_to_preview(self.viewer)

    @property
    def _is_asked_by_htmx(self) -> bool:
        """Whether htmx asks: it puts nothing on the page that comes with an error's status."""
        return bool(getattr(self.request, "htmx", False))

    def _url(self) -> str:
        return reverse("web:ladder", kwargs={"slug": self.viewer.register.slug})

    def _rungs_of_version(self, number: str) -> tuple[Rung, ...]:
        if number == "0":
            return DEFAULT_LADDER
        row = next((row for row in self.versions if str(row.number) == number), None)
        if row is None:
            raise NotFound(_("There is no such version of the ladder."))
        return rungs_from(row.rungs)

    def _preview(self, asked: str, rungs: Sequence[Rung]) -> Preview:
        return preview_reminders_of_named_risk(
            self.viewer, asked, rungs, self.risks_to_pick, self.at
        )

    def _preview_of_form_rows(self, rows: list[Row], *, mark: bool) -> Preview:
        """The preview of what is in the form; ``mark``: say beside its rows what is wrong."""
        asked = self.request.POST.get("pick") or self.request.POST.get("risk", "")
        written = [row for row in rows if not row.is_blank]
        try:
            return self._preview(asked, clean_ladder([row.fields_for_service() for row in written]))
        except Invalid as invalid:
            if mark:
                put_errors_into_rows(written, invalid)
            problem = _("The preview is here as soon as the ladder is right: %(error)s")
            problem = problem % {"error": invalid.detail}
            return Preview(asked=asked[:200], problem=problem, wrong=True)

    def _save(self, rows: list[Row], rungs: Any) -> HttpResponse:
        try:
            row = set_reminder_ladder(
                actor=self.viewer,
                rungs=rungs,
                expected_number=posted_version_or_minus_one(self.request, "expected"),
                at=self.at,
            )
        except Invalid as invalid:
            general = put_errors_into_rows(rows, invalid)
            shown = self._preview_of_form_rows(rows, mark=False)
            return self._page(
                self.ladder_in_force, rows, preview=shown, general=general, refused=True, status=400
            )
        except Conflict:
            return self._conflict_page(rows, rungs)
        if isinstance(row, ChangeRequest):
            return redirect_to_request(self.request, self.viewer, row)
        if row.number == posted_version_or_minus_one(self.request, "expected"):
            messages.info(self.request, _("Nothing was different, so nothing was saved."))
        else:
            saved = _("The ladder is saved as version %(n)d and holds from now on.")
            messages.success(self.request, saved % {"n": row.number})
        asked = self.request.POST.get("risk", "")
        query = {"risk": asked} if asked else None
        return HttpResponseRedirect(
            reverse("web:ladder", kwargs={"slug": self.viewer.register.slug}, query=query)
        )

    def _names_by_member_id(self) -> dict[uuid.UUID, str]:
        """Whom a rung can name: members who act for a party."""
        if not permits(self.viewer, "ladder.edit") and not any(
            rung["users"] for row in self.versions for rung in row.rungs
        ):
            return {}
        rows = active_members_for(self.viewer).filter(party__isnull=False)
        return {m.user.uuid: f"{m.user} · {m.party}" for m in rows}

    def _page(
        self,
        now: LadderInForce,
        rows: list[Row],
        *,
        preview: Preview,
        earlier: int | None = None,
        general: list[str] | None = None,
        refused: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        may_edit = permits(self.viewer, "ladder.edit")
        people = self._names_by_member_id()
        if status == 200 and preview.missing and not self._is_asked_by_htmx:
            status = 404
        context = {
            "may_edit": may_edit,
            "number": now.number,
            "rows": rows_for_template(rows, people) if may_edit else [],
            "room_for_more": len(rows) < MAX_RUNGS,
            "rungs": [] if may_edit else self._rung_labels_of(rows, people),
            "earlier": earlier,
            "general": general or [],
            "refused": refused,
            "preview": preview,
            "offered": self.risks_to_pick,
            "versions": self._versions(now, people),
            "default": now.rungs == DEFAULT_LADDER,
            "url": self._url(),
            "parties_asked": names_of_parties_to_ask(self.viewer) if may_edit else "",
        }
        return self.render("ladder/index.html", context, status)

    def _rung_labels_of(
        self, rows: list[Row], people: dict[uuid.UUID, str]
    ) -> list[dict[str, Any]]:
        return [
            rung_labels(r, people) for r in clean_ladder([row.fields_for_service() for row in rows])
        ]

    def _versions(self, now: LadderInForce, people: dict[uuid.UUID, str]) -> list[dict[str, Any]]:
        """Every version, newest first, with who made it; the default stands at the end."""
        rows = self.versions[:VERSIONS_SHOWN]
        events = history_of(self.viewer.audience, [row.uuid for row in rows]) if rows else ()
        makers = {event.subject_uuid: event.actor for event in events if event.actor}
        users = users_by_uuid(set(makers.values())) if makers else {}
        versions: list[dict[str, Any]] = [
            {
                "number": row.number,
                "at": row.created_at,
                "by": str(users.get(makers.get(row.uuid), "")),  # type: ignore[arg-type]
                "rungs": [rung_labels(rung, people) for rung in rungs_from(row.rungs)],
                "current": row.number == now.number,
            }
            for row in rows
        ]
        default = [rung_labels(rung, people) for rung in DEFAULT_LADDER]
        return [*versions, {"number": 0, "rungs": default, "current": now.number == 0}]

    def _conflict_page(self, rows: list[Row], rungs: Any) -> HttpResponse:
        """Both versions side by side, and what was written, to be saved over it knowingly."""
        now, people = self.ladder_in_force, self._names_by_member_id()
        mine = {rung.offset_days: rung for rung in clean_ladder(rungs)}
        theirs = {rung.offset_days: rung for rung in now.rungs}
        differences = [
            {
                "label": offset_text(days),
                "theirs": rung_line(theirs.get(days), people),
                "mine": rung_line(mine.get(days), people),
            }
            for days in sorted(mine.keys() | theirs.keys())
            if mine.get(days) != theirs.get(days)
        ]
        context = {
            "differences": differences,
            "rows": rows_for_template(rows_of(clean_ladder(rungs)), people),
            "number": now.number,
            "risk": self.request.POST.get("risk", "")[:200],
            "url": self._url(),
        }
        return self.render("ladder/conflict.html", context, 409)
