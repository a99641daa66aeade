"""How the level of an objective comes about: as its page shows it, and the form of a version."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.analysis.fields import MODEL
from riskreg.analysis.models import ObjectiveModel
from riskreg.analysis.queries.objectives import (
    newest_model_number,
    newest_model_of,
    visible_refs_by_id_in_model,
)
from riskreg.analysis.services import model_objective
from riskreg.indicators.queries.objectives import actual_values
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.kernel.fields import Type
from riskreg.kernel.localised import number, plain_number
from riskreg.kernel.text import PLAIN_NUMBER
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.permissions import permits
from riskreg.register.policy import LABELS
from riskreg.register.queries import objective_for
from riskreg.register.visibility import Visibility
from riskreg.web.base import RegisterView
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.presenters import name_of_person, source_rows
from riskreg.web.table_form import form_field, set_choices
from riskreg.web.ui.labels import figure_label_word

# Blank rows beside those that are filled, and at least so many in all.
_BLANK, _HITS, _LIFTS, _TERMS = 2, 4, 2, 2
_HIT = ("risk", "low", "mode", "high", "years")
_LIFT = ("mitigation", "low", "mode", "high", "from_year")
_TERM = ("driver", "elasticity")
# What stands in rows of the form: the prefix of their inputs, and the parts of each.
_ROWS = {"hits": ("hit", _HIT), "lifts": ("lift", _LIFT), "elasticities": ("term", _TERM)}
_IN_ROWS = (Type.HITS, Type.LIFTS, Type.ELASTICITIES, Type.SOURCES, Type.TRANSLATIONS)


def model_audience_choices(viewer: Viewer, objective: Objective) -> list[tuple[str, str]]:
    """Who can be let see another version of an objective's model by the viewer."""
    found = []
    shared = objective.visibility == Visibility.SHARED
    if shared and permits(viewer, "objective.edit", objective):
        found.append((Visibility.SHARED.value, _("Everybody in this register")))
    if viewer.party_id is not None and permits(viewer, "driver.edit"):
        found.append((Visibility.PARTY.value, _("%(party)s only") % {"party": viewer.party}))
    return found


class ModelForm(forms.Form):
    """A version of a model; what an older one says stands in it already, and nothing else."""

    source_title = forms.CharField(label=gettext_lazy("Source"), required=False)
    source_url = forms.CharField(label=gettext_lazy("Address of the source"), required=False)
    visibility = forms.ChoiceField(label=gettext_lazy("Who sees it"))
    follows_shared = forms.IntegerField(widget=forms.HiddenInput)
    follows_party = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, viewer: Viewer, objective: Objective, row: ObjectiveModel | None, data: Any = None
    ) -> None:
        refs = visible_refs_by_id_in_model(viewer, row) if row else {}
        self.row = row
        self.sizes = {
            "hits": _row_count_of(data, "hit", _HITS, len(row.hits) if row else 0),
            "lifts": _row_count_of(data, "lift", _LIFTS, len(row.lifts) if row else 0),
            "elasticities": _row_count_of(
                data, "term", _TERMS, len(row.elasticities) if row else 0
            ),
        }
        super().__init__(data, initial=_initial_values(viewer, objective, row, refs))
        for field in MODEL.settable:
            if field.type in _IN_ROWS:
                continue
            shown = form_field(field)
            if field.type in (Type.NUMBER, Type.WHOLE):
                shown = forms.CharField(label=str(field.label))
                shown.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            shown.required = False
            shown.needed = field.required  # type: ignore[attr-defined]
            self.fields[field.name] = shown
        set_choices(self, "label", [(v, figure_label_word(v)) for v in LABELS])
        set_choices(self, "visibility", model_audience_choices(viewer, objective))
        for n in range(self.sizes["hits"]):
            self._add_line_field(f"hit_{n}_risk", _("Risk"), _("As in R-003."))
            self._add_effect_fields(
                f"hit_{n}", _("Does to the level, %"), _("-15 takes 15 % away.")
            )
            self._add_line_field(f"hit_{n}_years", _("Years it lasts"), _("Empty: to the end."))
        for n in range(self.sizes["lifts"]):
            self._add_line_field(f"lift_{n}_mitigation", _("Mitigation"), _("As in M-003."))
            self._add_effect_fields(f"lift_{n}", _("Adds to the level, %"), _("6 adds 6 %."))
            self._add_line_field(
                f"lift_{n}_from_year",
                _("Works from the year"),
                _("Empty: the year after it is due."),
            )
        for n in range(self.sizes["elasticities"]):
            self._add_line_field(f"term_{n}_driver", _("Driver"), _("As in D-001."))
            self._add_line_field(f"term_{n}_elasticity", _("Elasticity"),
                       _("1 in proportion, -0.2 a little against it."))  # fmt: skip

    def _add_effect_fields(self, prefix: str, label: str, text: str) -> None:
        self._add_line_field(f"{prefix}_mode", label, text)
        self._add_line_field(f"{prefix}_low", _("At the least, %"), _("Empty: one number."))
        self._add_line_field(f"{prefix}_high", _("At the most, %"), _("Empty: one number."))

    def _add_line_field(self, name: str, label: str, help_text: str = "") -> None:
        widget = forms.TextInput({"autocomplete": "off"})
        self.fields[name] = forms.CharField(
            label=label, required=False, help_text=help_text, widget=widget
        )

    def hit_fields_by_row(self) -> list[list[Any]]:
        """The fields of each row of events, for the template."""
        return [[self[f"hit_{n}_{part}"] for part in ("risk", "mode", "low", "high", "years")]
                for n in range(self.sizes["hits"])]  # fmt: skip

    def lift_fields_by_row(self) -> list[list[Any]]:
        """The fields of each row of mitigations."""
        parts = ("mitigation", "mode", "low", "high", "from_year")
        return [[self[f"lift_{n}_{part}"] for part in parts] for n in range(self.sizes["lifts"])]

    def elasticity_fields_by_row(self) -> list[list[Any]]:
        """The fields of each row of drivers."""
        return [[self[f"term_{n}_{part}"] for part in _TERM]
                for n in range(self.sizes["elasticities"])]  # fmt: skip

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes; rows that are empty are none."""
        data = self.cleaned_data
        found: dict[str, Any] = {
            f.name: data[f.name] for f in MODEL.settable if f.type not in _IN_ROWS
        }
        year = found["start_year"].strip()
        if PLAIN_NUMBER.fullmatch(year) and len(year) < 9:
            found["start_year"] = int(float(year)) if float(year).is_integer() else year
        self.places: dict[str, list[int]] = {name: [] for name in _ROWS}
        for name, (prefix, parts) in _ROWS.items():
            found[name] = []
            for n in range(self.sizes[name]):
                values = {part: data[f"{prefix}_{n}_{part}"].strip() for part in parts}
                if any(values.values()):
                    found[name].append(values)
                    self.places[name].append(n)
        if self.row and self.row.localized("rationale") == found["rationale"]:
            # As it was, read in one's own language.
            found["rationale"] = self.row.rationale
            found["translations"] = self.row.translations or {}
        kept = self.row.sources if self.row else []
        title, url = data["source_title"], data["source_url"]
        first = kept[0] if kept else {}
        if (title, url) == (first.get("title", ""), first.get("url", "")):
            found["sources"] = kept
        elif title or url:
            found["sources"] = [{"title": title, "url": url, "label": data["label"]}, *kept[1:]]
        else:
            found["sources"] = kept[1:]
        return found

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        for name, errors in invalid.fields.items():
            parts = name.split(".")
            shown = parts[-1]
            if parts[0] in self.places and len(parts) == 3:
                prefix, _parts = _ROWS[parts[0]]
                shown = f"{prefix}_{self.places[parts[0]][int(parts[1])]}_{parts[2]}"
            elif parts[0] == "sources":
                shown = f"source_{parts[-1]}"
            for error in errors:
                self.add_error(shown if shown in self.fields else None, error.detail)


def _row_count_of(data: Any, prefix: str, least: int, filled: int) -> int:
    """How many rows the form has: what was sent, or those that are filled and some blank ones."""
    if data is not None:
        sent = [n for n in range(20) if any(k.startswith(f"{prefix}_{n}_") for k in data)]
        return max([least, *(n + 1 for n in sent)])
    return min(20, max(least, filled + _BLANK))


def _initial_values(
    viewer: Viewer, objective: Objective, row: ObjectiveModel | None, refs: Mapping[str, str]
) -> dict[str, Any]:
    party = viewer.party_id or 0
    found: dict[str, Any] = {
        "direction": "at_least", "pace": "steady", "label": "judgement",
        "follows_shared": newest_model_number(objective, Visibility.SHARED, party),
        "follows_party": newest_model_number(objective, Visibility.PARTY, party),
    }  # fmt: skip
    if row is None:
        return found
    for field in MODEL.settable:
        value = getattr(row, field.name)
        found[field.name] = plain_number(value) if field.type == Type.NUMBER else value
    found["visibility"] = row.visibility
    found["rationale"] = row.localized("rationale")
    if row.sources:
        found |= {"source_title": row.sources[0].get("title", ""),
                  "source_url": row.sources[0].get("url", "")}  # fmt: skip
    for n, hit in enumerate(row.hits):
        found[f"hit_{n}_risk"] = refs.get(hit["risk"], "")
        found |= {f"hit_{n}_{part}": hit[part] for part in _HIT[1:] if hit[part] is not None}
    for n, lift in enumerate(row.lifts):
        found[f"lift_{n}_mitigation"] = refs.get(lift["mitigation"], "")
        found |= {f"lift_{n}_{part}": lift[part] for part in _LIFT[1:] if lift[part] is not None}
    for n, term in enumerate(row.elasticities):
        found[f"term_{n}_driver"] = refs.get(term["driver"], "")
        found[f"term_{n}_elasticity"] = term["elasticity"]
    return found


def newest_model_context(viewer: Viewer, objective: Objective) -> dict[str, Any]:
    """The version that holds, as the page of the objective shows it."""
    row = newest_model_of(viewer, objective)
    found: dict[str, Any] = {
        "model": row,
        "may_model": bool(model_audience_choices(viewer, objective)),
    }
    if row is None:
        return found
    refs = visible_refs_by_id_in_model(viewer, row)
    return found | {
        "model_private": row.visibility == Visibility.PARTY,
        "model_rationale": row.localized("rationale"),
        "model_author": name_of_person(row.author),
        "model_start": number(row.start),
        "model_growth": [number(x) for x in (row.growth_low, row.growth_mode, row.growth_high)],
        "model_sources": source_rows(row.sources),
        "hits": [
            {"ref": refs.get(hit["risk"], ""), "effect": _effect_text(hit), "years": hit["years"]}
            for hit in row.hits
        ],
        "lifts": [
            {
                "ref": refs.get(lift["mitigation"], ""),
                "effect": _effect_text(lift),
                "from_year": lift["from_year"],
            }
            for lift in row.lifts
        ],
        "terms": [
            {"ref": refs.get(term["driver"], ""), "elasticity": number(float(term["elasticity"]))}
            for term in row.elasticities
        ],
    }


def _effect_text(hit: Mapping[str, Any]) -> str:
    """What an event or a mitigation does to the level, in per cent."""
    parts = [hit[part] for part in ("low", "mode", "high") if hit[part] is not None]
    shown = " … ".join(number(float(part)) for part in parts)
    return _("%(share)s %%") % {"share": shown}


class ModelNew(RegisterView):
    """Another version of an objective's model."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form, with what the version that holds says."""
        objective = self._objective(key)
        form = ModelForm(self.viewer, objective, newest_model_of(self.viewer, objective))
        return self._page(objective, form)

    @adds_same_contents_once
    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Keep it."""
        objective = self._objective(key)
        row = newest_model_of(self.viewer, objective)
        form = ModelForm(self.viewer, objective, row, request.POST)
        if not form.is_valid():
            return self._page(objective, form, 400)
        visibility = form.cleaned_data["visibility"]
        try:
            model_objective(
                actor=self.viewer,
                key=key,
                given=form.fields_for_service(),
                follows=form.cleaned_data[f"follows_{visibility}"],
                visibility=visibility,
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(objective, form, 400)
        except Conflict:
            return self._page_after_other_version(request, objective)
        messages.success(request, _("It is kept; the next run reckons with it."))
        keys = {"slug": self.viewer.register.slug, "key": objective.key}
        return HttpResponseRedirect(reverse("web:objective", kwargs=keys))

    def _objective(self, key: str) -> Objective:
        objective = objective_for(self.viewer, key)
        if not model_audience_choices(self.viewer, objective):
            raise Forbidden(_("You may not model this objective."))
        return objective

    def _page_after_other_version(self, request: HttpRequest, objective: Objective) -> HttpResponse:
        """What was typed, to be given once more by whoever has looked at the other version."""
        party = self.viewer.party_id or 0
        data = request.POST.copy()
        for audience in Visibility.values:
            data[f"follows_{audience}"] = str(newest_model_number(objective, audience, party))
        form = ModelForm(self.viewer, objective, newest_model_of(self.viewer, objective), data)
        form.is_valid()
        form.add_error(None, _(
            "Somebody has given another version meanwhile. Look at it on the page of the "
            "objective; keep this one if it is still what you mean."
        ))  # fmt: skip
        return self._page(objective, form, 409)

    def _page(self, objective: Objective, form: ModelForm, status: int = 200) -> HttpResponse:
        actual = actual_values(self.viewer, [objective]).get(objective.pk)
        context = {
            "o": objective,
            "form": form,
            "target": number(objective.value),
            "actual": actual and number(actual.value),
            "actual_label": actual and actual.label,
            "actual_at": actual and actual.indicator.latest_at,
        }
        return self.render("objectives/model.html", context, status)
