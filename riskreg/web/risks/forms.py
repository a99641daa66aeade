"""Forms of a risk: what a browser sends, turned into what the services take, and back.

The services check; a form only knows which fields there are and which choices exist.
"""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Type
from riskreg.kernel.localised import text_of, with_text_in_active_language
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.policy import LABELS
from riskreg.register.queries import Choices
from riskreg.register.translations import CONFIRMED
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RISK
from riskreg.risks.models import Risk
from riskreg.web.bilingual import (
    is_readers_language,
    language_name_for_reader,
    name_languages_in_labels,
    original_language_of,
)
from riskreg.web.table_form import (
    CONFIRMED_TRANSLATIONS_FIELD,
    choices_of,
    fields_in_form,
    form_field,
    initial_value,
    keep_shown_values_beside_fields,
    set_choices,
    text_box,
)

_LABELS = [
    ("sourced", _("Sourced")),
    ("derived", _("Derived")),
    ("judgement", _("Judgement")),
    ("illustrative", _("Illustrative")),
]


class RiskForm(forms.Form):
    """A risk's own fields. ``show_hidden_initial`` keeps what the writer saw beside each field, so
    that after a conflict it is known what they changed and what they merely sent back."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    # Shown in parts of their own: one group of boxes a taxonomy, lines of sources, other languages.
    in_parts = (Type.TERMS, Type.SOURCES, Type.LABELS, Type.TRANSLATIONS)

    def __init__(
        self,
        *args: Any,
        viewer: Viewer,
        choices: Choices,
        objectives: list[Objective],
        risk: Risk | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.risk = risk
        for each in RISK.settable:
            if each.type not in self.in_parts:
                self.fields[each.name] = form_field(each)
        self.fields["kind"].widget = forms.RadioSelect(choices=list(choices_of(RISK["kind"])))
        self.fields["visibility"] = forms.ChoiceField(
            label=str(RISK["visibility"].label), widget=forms.RadioSelect, choices=[]
        )
        # Somebody of another party takes it over when theirs has agreed, on a page of its own.
        own = viewer.party.key if viewer.party else ""
        parties = dict(choices.parties)
        people = [
            (value, f"{name}{in_brackets(parties.get(party, party))}")
            for value, name, party in choices.people
            if party == own
        ]
        for name, user in (("owner", risk and risk.owner), ("deputy", risk and risk.deputy)):
            if user and str(user.uuid) not in dict(people):
                # Who has left still answers for it until somebody else does.
                shown: list[tuple[Any, Any]] = [(str(user.uuid), str(user)), *people]
            else:
                shown = [*people]
            set_choices(self, name, [("", _("nobody")), *shown] if name == "deputy" else shown)
        set_choices(self, "objectives", [(o.key, o.name) for o in objectives])
        seers = [
            (Visibility.SHARED.value, _("Everybody in the register")),
            (Visibility.PARTY.value, _("Only my own party, for now")),
        ]
        set_choices(self, "visibility", seers)
        if risk is not None:
            del self.fields["visibility"]
            if risk.party_id != viewer.party_id:
                del self.fields["external_id"]  # what its own party's systems call it
        if not objectives:
            del self.fields["objectives"]
        self.term_fields = []
        for taxonomy, title, terms in choices.taxonomies:
            name = f"terms_{taxonomy}"
            self.fields[name] = forms.MultipleChoiceField(
                label=title,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                # A term that is out of use by now stays where it is used already.
                choices=choices.terms_with_held_retired(
                    taxonomy, terms, self.initial.get(name, ())
                ),
            )
            self.term_fields.append(name)
        self.other = other_language(risk, viewer)
        for text in RISK.translated:
            self.fields[f"other_{text}"] = forms.CharField(
                label=self.fields[text].label,
                required=False,
                widget=forms.TextInput() if RISK[text].type == Type.LINE else text_box(2),
            )
        texts = {text: str(self.fields[text].label) for text in RISK.translated}
        name_languages_in_labels(self, RISK.translated, self.other)
        stale = (risk.outdated_translations or {}).get(self.other, []) if risk else []
        if stale:
            self.fields[CONFIRMED_TRANSLATIONS_FIELD] = forms.MultipleChoiceField(
                label=_("Still fits, although the original has changed"),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                choices=[(text, texts[text]) for text in RISK.translated if text in stale],
            )
        if risk is not None:
            keep_shown_values_beside_fields(self)

    def first_language_fields(self) -> list[forms.BoundField]:
        """The texts that are edited first: in the reader's language where there are any."""
        return (
            self._other_language_fields()
            if self.is_other_language_first()
            else self._original_text_fields()
        )

    def second_language_fields(self) -> list[forms.BoundField]:
        """The same in the other language, and which of those out of date still fit."""
        fits = (
            [self[CONFIRMED_TRANSLATIONS_FIELD]]
            if CONFIRMED_TRANSLATIONS_FIELD in self.fields
            else []
        )
        return [
            *(
                self._original_text_fields()
                if self.is_other_language_first()
                else self._other_language_fields()
            ),
            *fits,
        ]

    def second_language(self) -> str:
        """The language of ``second_language_fields`` in the reader's words."""
        return language_name_for_reader(
            original_language_of(self.other) if self.is_other_language_first() else self.other
        )

    def is_other_language_first(self) -> bool:
        """Whether the version beside the original is the reader's own, and there is one."""
        versions = self.risk.translations.get(self.other) if self.risk else None
        return bool(versions) and is_readers_language(self.other)

    def _original_text_fields(self) -> list[forms.BoundField]:
        return [self[text] for text in RISK.translated]

    def _other_language_fields(self) -> list[forms.BoundField]:
        return [self[f"other_{text}"] for text in RISK.translated]

    def term_choice_fields(self) -> list[forms.BoundField]:
        """One group of boxes per taxonomy."""
        return [self[name] for name in self.term_fields]

    def fields_for_service(self, names: set[str] | None = None) -> dict[str, Any]:
        """What the services take: of ``names`` (names of a risk's fields), or everything."""
        data = self.cleaned_data
        fields: dict[str, Any] = {f.name: data.get(f.name, "") for f in fields_in_form(RISK, self)}
        fields["terms"] = [value for name in self.term_fields for value in data.get(name, [])]
        fields["translations"] = self._translations()
        if CONFIRMED_TRANSLATIONS_FIELD in self.fields:
            fields[CONFIRMED] = {self.other: data.get(CONFIRMED_TRANSLATIONS_FIELD, [])}
        return {k: v for k, v in fields.items() if names is None or k in names}

    def _translations(self) -> dict[str, dict[str, str]]:
        """Every language's versions, the other language's as they are in the form."""
        kept = dict(self.risk.translations) if self.risk else {}
        texts = {t: self.cleaned_data.get(f"other_{t}", "") for t in RISK.translated}
        kept[self.other] = {t: text for t, text in texts.items() if text}
        return {language: texts for language, texts in kept.items() if texts}

    def changed_fields_for_service(self) -> set[str]:
        """Names of the risk's fields that the writer changed from what they were shown."""
        names = set()
        for name in self.changed_data:
            if name in self.term_fields:
                names.add("terms")
            elif name == CONFIRMED_TRANSLATIONS_FIELD:
                names.add(CONFIRMED)
            elif name.startswith("other_"):
                names.add("translations")
            elif name != "version":
                names.add(name)
        return names


def other_language(risk: Risk | None, viewer: Viewer) -> str:
    """The language in which a second version of the texts can be given.

    The one that there is a version in; else the one that the original seems not to be in.
    """
    if risk is not None and risk.translations:
        language: str = next(iter(risk.translations))
        return language
    text = risk.title if risk else ""
    chinese = (
        any("\u4e00" <= c <= "\u9fff" for c in text)
        if text
        else (viewer.user.language == "zh-hans")
    )
    return "en" if chinese else "zh-hans"


def initial_of(viewer: Viewer, risk: Risk, other: str) -> dict[str, Any]:
    """What the form starts with for ``risk``, as far as the viewer may know of its links."""
    versions = risk.translations.get(other, {})
    plain = [f for f in RISK.settable if f.type not in (*RiskForm.in_parts, Type.OBJECTIVES)]
    values: dict[str, Any] = {field.name: initial_value(field, risk) for field in plain} | {
        "version": risk.version,
        "objectives": [o.key for o in risk.objectives.visible_to(viewer)],
        **{f"other_{name}": versions.get(name, "") for name in RISK.translated},
    }
    for term in risk.terms.select_related("taxonomy"):
        values.setdefault(f"terms_{term.taxonomy.key}", []).append(
            f"{term.taxonomy.key}:{term.key}"
        )
    return values


SHOWN_OF_SOURCE = ("title", "url", "locator", "label")


class SourceForm(forms.Form):
    """One source. What the form does not show of it stays as it is: quote, date, note, and the
    title and place in other languages than the reader's."""

    title = forms.CharField(label=_("Title"), required=False)
    url = forms.CharField(
        label=_("Address"), required=False, widget=forms.TextInput(attrs={"inputmode": "url"})
    )
    locator = forms.CharField(label=_("Where on it"), required=False)
    label = forms.ChoiceField(label=_("Label"), choices=_LABELS, initial="sourced")
    rest = forms.CharField(widget=forms.HiddenInput, required=False)

    def source(self) -> dict[str, Any] | None:
        """The source as the services take it; None for a line left empty."""
        data = self.cleaned_data
        if not (data.get("title") or data.get("url") or data.get("locator")):
            return None
        source: dict[str, Any] = _unseen_part_of_source(data.get("rest", ""))
        before = {name: source.pop(name, None) for name in _BY_LANGUAGE}
        source |= {"url": data["url"], "label": data["label"]}
        source["title"] = with_text_in_active_language(before["title"], data["title"])
        if data["locator"]:
            source["locator"] = with_text_in_active_language(before["locator"], data["locator"])
        return source


_UNSEEN = ("quote", "date", "note")
# Shown in the reader's language; where there are more, they travel along.
_BY_LANGUAGE = ("title", "locator")


def _unseen_part_of_source(text: str) -> dict[str, Any]:
    """The part of a source that travels through the form unseen; the services check it again."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, Mapping):
        return {}
    return {k: value[k] for k in (*_UNSEEN, *_BY_LANGUAGE) if value.get(k)}


SourceFormSet = forms.formset_factory(SourceForm, extra=1, max_num=50, validate_max=True)


def sources_initial(risk: Risk) -> list[dict[str, Any]]:
    """What the lines of sources start with."""
    return [
        {
            "title": text_of(s.get("title")),
            "url": s.get("url", ""),
            "locator": text_of(s.get("locator")),
            "label": s.get("label") if s.get("label") in LABELS else "judgement",
            "rest": json.dumps(
                {k: s[k] for k in _UNSEEN if s.get(k)}
                | {k: s[k] for k in _BY_LANGUAGE if isinstance(s.get(k), Mapping)},
                ensure_ascii=False,
            ),
        }
        for s in risk.sources
    ]
