"""What the schema says of a noun's fields, from its table: the properties of its answers, of a
change and of something new. Used by the shapes, which add what is no field of the table."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import (
    Amount,
    Cost,
    Elasticity,
    Hit,
    Lift,
    Money,
    Number,
    Person,
    Source,
    SourceParts,
    Step,
    TermNames,
    Who,
    WhoOrNobody,
    confirmed_translations_field,
    labels,
    one_of,
    outdated_translations_field,
    texts_by_language,
    translations,
)
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.policy import LABELS
from riskreg.register.translations import CONFIRMED

MOST_LINKS = 100
# Two keys with a colon between them.
MOST_OF_TERM = 90
Shape = Any  # a field of a serializer, whatever its type
Fields = dict[str, Shape]


def answer_fields(table: Table, **computed: Shape) -> Fields:
    """The properties of an answer, in the table's order; ``computed`` are those worked out."""
    return {
        f.name: computed.pop(f.name, None) or _shape_in_answer(table, f) for f in table
    } | computed


def change_fields(table: Table, **more: Shape) -> Fields:
    """The properties of a change: what can be set, none of it required."""
    fields = {f.name: _shape_in_request(table, f, required=False) for f in table.settable}
    if table.has_translations:
        fields[CONFIRMED] = confirmed_translations_field()
    return fields | more


def new_fields(table: Table, **more: Shape) -> Fields:
    """The properties of something new: what can be set, required where nothing goes without."""
    return {
        f.name: _shape_in_request(table, f, required=f.must_send) for f in table.settable
    } | more


def _shape_in_answer(table: Table, field: Field) -> Shape:
    about: dict[str, Any] = {"help_text": field.meaning} if field.meaning else {}
    or_null = about | ({"allow_null": True} if field.null else {})
    kind = field.type
    if kind == Type.CHOICE:
        return one_of(_choice_values(field), **or_null)
    if kind == Type.TEXT:
        return s.CharField(allow_blank=not field.required, **about)
    if kind == Type.WHOLE:
        return s.IntegerField(**or_null, **_bounds(field))
    if kind in (Type.NUMBER, Type.MONEY):
        return Money(**or_null)
    if kind == Type.NAMES:
        return texts_by_language(field.limit, **about)
    if kind == Type.TERMS:
        return s.DictField(child=s.ListField(child=s.CharField()), **about)
    if kind in (Type.OBJECTIVES, Type.RISKS):
        return s.ListField(child=s.CharField(), **about)
    if kind == Type.PEOPLE:
        return s.ListField(child=Person(), **about)
    if kind == Type.LABELS:
        return s.DictField(child=one_of(LABELS), **about)
    if kind == Type.TRANSLATIONS:
        return translations(*table.translated, **about)
    if kind == Type.OUTDATED:
        return outdated_translations_field()
    if kind == Type.SOURCES:
        return Source(many=True, **about)
    if kind in _ROWS:
        return _ROWS[kind](many=True, **about)
    return _PLAIN[kind](**or_null)


_ROWS: dict[Type, Any] = {
    Type.STEPS: Step,
    Type.HITS: Hit,
    Type.LIFTS: Lift,
    Type.ELASTICITIES: Elasticity,
}
_PLAIN: dict[Type, Any] = {
    Type.ID: s.UUIDField,
    Type.LINE: s.CharField,
    Type.DAY: s.DateField,
    Type.MOMENT: s.DateTimeField,
    Type.SWITCH: s.BooleanField,
    Type.PERSON: Person,
    Type.PARTY: s.CharField,
    Type.OBJECTIVE: s.CharField,
    Type.TERM: s.CharField,
    Type.RISK: s.CharField,
    Type.SOURCE: SourceParts,
}


def _shape_in_request(table: Table, field: Field, *, required: bool) -> Shape:
    about: dict[str, Any] = {"required": required}
    if field.meaning:
        about["help_text"] = field.meaning
    kind, null = field.type, field.null
    or_null: dict[str, Any] = {"allow_null": True} if null else {}
    if kind in (Type.LINE, Type.TEXT):
        blank = not field.required
        return s.CharField(max_length=field.limit, allow_blank=blank, **about, **or_null)
    if kind == Type.CHOICE:
        return one_of(_choice_values(field), **about)
    if kind == Type.NAMES:
        return texts_by_language(field.limit, least=1, **about)
    if kind == Type.WHOLE:
        return s.IntegerField(**about, **_bounds(field), **or_null)
    if kind == Type.NUMBER:
        return (Amount if null else Number)(**about)
    if kind == Type.DAY:
        return s.DateField(**about, **or_null)
    if kind == Type.PERSON:
        return (WhoOrNobody if null else Who)(**about)
    if kind == Type.OBJECTIVE:
        return s.CharField(allow_null=null, max_length=60, **about)
    if kind == Type.OBJECTIVES:
        return s.ListField(child=s.CharField(max_length=60), max_length=MOST_LINKS, **about)
    if kind == Type.TERM:
        return s.CharField(max_length=MOST_OF_TERM, **about, **or_null)
    if kind == Type.RISKS:
        least: dict[str, Any] = {"min_length": 1} if field.required else {}
        ref = s.CharField(max_length=20)
        return s.ListField(child=ref, max_length=MOST_LINKS, **least, **about)
    if kind == Type.PEOPLE:
        return s.ListField(child=Who(), min_length=1, max_length=field.limit, **about)
    if kind == Type.RISK:
        return s.CharField(max_length=20, **about)
    if kind == Type.LABELS:
        return labels(*table.labellable_names, **about)
    if kind == Type.TRANSLATIONS:
        return translations(*table.translated, **about)
    if kind == Type.SOURCES:
        return Source(many=True, **about)
    if kind in _ROWS:
        return _ROWS[kind](many=True, **about)
    return _PLAIN_REQUEST[kind](**about)


_PLAIN_REQUEST: dict[Type, Any] = {
    Type.MONEY: Cost,
    Type.SWITCH: s.BooleanField,
    Type.TERMS: TermNames,
    Type.SOURCE: SourceParts,
}


def _choice_values(field: Field) -> list[str]:
    return [*([] if field.required else [""]), *field.choices.values]


def _bounds(field: Field) -> dict[str, Any]:
    return {"min_value": field.least, "max_value": field.most} if field.most else {}
