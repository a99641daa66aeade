"""Fields that shapes are made of: what the schema says of a value, and a body is held against."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.kernel.text import TEXT_MAX, TITLE_MAX
from riskreg.register.policy import LABELS

AnyField = s.Field[Any, Any, Any, Any]


def one_of(values: Any, **options: Any) -> Any:
    """A text that is one of ``values``."""
    allowed = [*values]
    listed = [*allowed, *([None] if options.get("allow_null") else [])]
    choice = type("Choice", (s.CharField,), {"choices_allowed": allowed})
    # Null is added to the type by whoever reads allow_null.
    return extend_schema_field({"type": "string", "enum": listed})(choice)(**options)


def texts_by_key(**options: Any) -> AnyField:
    """{key: text}."""
    return s.DictField(child=s.CharField(allow_blank=True, max_length=TEXT_MAX), **options)


def _schema_by_language(text: dict[str, Any]) -> dict[str, Any]:
    known = {code: text for code, _name in settings.LANGUAGES}
    return {"type": "object", "properties": known, "additionalProperties": False}


def texts_by_language(limit: int, *, least: int = 0, **options: Any) -> AnyField:
    """{language: text}, in the languages that there are."""
    shape = _schema_by_language({"type": "string", "minLength": least, "maxLength": limit})
    kind = type("Texts", (s.JSONField,), {"is_object": True})
    field: AnyField = extend_schema_field(shape)(kind)(**options)
    return field


def names_by_language(limit: int = 200, **options: Any) -> AnyField:
    """{language: name}."""
    return texts_by_language(limit, least=1, **options)


def translations(*fields: str, **options: Any) -> AnyField:
    """{language: {field: text}}, of the texts that a thing has."""
    each = {
        field: {"type": "string", "maxLength": TITLE_MAX if field == "title" else TEXT_MAX}
        for field in fields
    }
    shape = _schema_by_language(
        {"type": "object", "properties": each, "additionalProperties": False}
    )
    kind = type("Translations", (s.DictField,), {})
    field: AnyField = extend_schema_field(shape)(kind)(child=texts_by_key(), **options)
    return field


def outdated_translations_field() -> AnyField:
    """{language: [field]}."""
    return s.DictField(
        child=s.ListField(child=s.CharField()),
        help_text="translations whose original has changed since: {language: [field]}",
    )


def confirmed_translations_field() -> AnyField:
    """{language: [field]}."""
    shape = _schema_by_language({"type": "array", "items": {"type": "string"}})
    kind = type("Confirmed", (s.DictField,), {})
    field: AnyField = extend_schema_field(shape)(kind)(
        child=s.ListField(child=s.CharField()),
        required=False,
        help_text="translations that still fit although the original has changed: "
        "{language: [field]}",
    )
    return field


def labels(*fields: str, **options: Any) -> AnyField:
    """{field: label}, of the fields that a thing has."""
    each = {field: {"type": "string", "enum": list(LABELS)} for field in fields}
    shape = {"type": "object", "properties": each, "additionalProperties": False}
    kind = type("Labels", (s.DictField,), {})
    field: AnyField = extend_schema_field(shape)(kind)(child=one_of(LABELS), **options)
    return field


_NUMBER_TEXT = {"type": "string", "pattern": r"^-?[0-9]{1,30}(\.[0-9]{1,30})?$"}
_COST_TEXT = {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,30})?$"}


@extend_schema_field(_NUMBER_TEXT)
class Money(s.CharField):
    """An amount as text, so that no reader rounds it."""


@extend_schema_field(
    {"oneOf": [_COST_TEXT, {"type": "number", "minimum": 0, "exclusiveMaximum": 10**15},
               {"type": "null"}]}
)  # fmt: skip
class Cost(s.CharField):
    """An amount of money, as a number or as text, or null."""

    is_number = takes_null = True


@extend_schema_field(
    {"oneOf": [_NUMBER_TEXT, {"type": "number", "exclusiveMinimum": -(10**15),
                              "exclusiveMaximum": 10**15}, {"type": "null"}]}
)  # fmt: skip
class Amount(s.CharField):
    """A number, as a number or as text, or null."""

    is_number = takes_null = True


@extend_schema_field(
    {"oneOf": [_NUMBER_TEXT, {"type": "number", "exclusiveMinimum": -(10**15),
                              "exclusiveMaximum": 10**15}]}
)  # fmt: skip
class Number(s.CharField):
    """A finite number, as a number or as text."""

    is_number = True


_MEMBER = [
    {"type": "string", "minLength": 1, "maxLength": 254},
    {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"},
     "name": {"type": "string", "maxLength": 200}},
     "required": ["id"], "additionalProperties": False},
]  # fmt: skip


@extend_schema_field({"oneOf": _MEMBER})
class Who(s.CharField):
    """A member: public id, e-mail address, or the object that an answer showed."""

    is_person = True


@extend_schema_field({"oneOf": [*_MEMBER, {"type": "null"}]})
class WhoOrNobody(s.CharField):
    """As ``Who``, or null."""

    is_person = takes_null = True


@extend_schema_field(
    {
        "oneOf": [
            {
                "type": "array",
                "items": {"type": "string", "pattern": "^[^:]+:[^:]+$", "maxLength": 130},
                "maxItems": 100,
            },
            {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": 60},
                    "maxItems": 100,
                },
                "maxProperties": 20,
            },
        ]
    }
)
class TermNames(s.JSONField):
    """["taxonomy:term", …] or {taxonomy: [term, …]}."""


def text_or_texts_by_language_field(limit: int, required: bool = False) -> Any:
    """A text, or {language: text}."""
    text = {"type": "string", "maxLength": limit}
    shape = {"oneOf": [text, _schema_by_language(text)]}
    return extend_schema_field(shape)(type("TextOrTexts", (s.JSONField,), {}))(required=required)


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "type": "array", "items": {}, "minItems": 2, "maxItems": 2,
        },
    }
)  # fmt: skip
class Changed(s.JSONField):
    """What changed: {field: [before, after]}, null where there was nothing."""


class Person(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class Source(s.Serializer[Any]):
    title = text_or_texts_by_language_field(300, required=True)
    url = s.CharField(
        allow_blank=True, required=False, max_length=2000, help_text="http:// or https://, or empty"
    )
    quote = s.CharField(allow_null=True, allow_blank=True, required=False, max_length=2000)
    label = one_of(LABELS)
    locator = text_or_texts_by_language_field(300)
    date = text_or_texts_by_language_field(40)
    note = text_or_texts_by_language_field(1000)


class Step(s.Serializer[Any]):
    on = s.DateField(help_text="the day from which on it holds")
    factor = Number(help_text="what the range is times from then on, 0.001 … 1000")
    why = s.CharField(allow_blank=True, required=False, max_length=300, help_text="what comes then")


class Hit(s.Serializer[Any]):
    risk = s.CharField(
        max_length=36, help_text="public id of the risk; its ref is taken as well when it is sent"
    )
    low = Amount(required=False, help_text="per cent; null where `mode` is one number")
    mode = Number(help_text="what an event does to the level, in per cent: -15 takes 15 % away")
    high = Amount(required=False, help_text="per cent; null where `mode` is one number")
    years = s.IntegerField(
        min_value=1,
        max_value=40,
        allow_null=True,
        required=False,
        help_text="how many it lasts, its own among them; null: to the end",
    )


class Lift(s.Serializer[Any]):
    mitigation = s.CharField(
        max_length=36,
        help_text="public id of the mitigation; its ref is taken as well when it is sent",
    )
    low = Amount(required=False, help_text="per cent; null where `mode` is one number")
    mode = Number(help_text="what it adds to the level once it works, in per cent: 6 adds 6 %")
    high = Amount(required=False, help_text="per cent; null where `mode` is one number")
    from_year = s.IntegerField(
        min_value=1990,
        max_value=2200,
        allow_null=True,
        required=False,
        help_text="the first year in which it works; null: the year after it is due",
    )


class Elasticity(s.Serializer[Any]):
    driver = s.CharField(
        max_length=36, help_text="public id of the driver; its ref is taken as well when it is sent"
    )
    elasticity = Number(help_text="the level moves with (value / median) ** elasticity")


class SourceParts(Source):
    """A source, or an empty object for none."""

    title = text_or_texts_by_language_field(300)
    label = one_of(LABELS, required=False)
