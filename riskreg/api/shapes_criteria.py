"""The shapes of criteria that are to be published, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import names_by_language, one_of, texts_by_language
from riskreg.api.shapes import Cell
from riskreg.api.shapes_axes import AxesNew
from riskreg.api.shapes_register import TermAppetite, TolerancePoint
from riskreg.register.policy import LABELS, MAX_LEVELS, STAGES

_RANGE = {
    "type": ["array", "null"],
    "items": {"type": "number", "minimum": 0},
    "minItems": 2,
    "maxItems": 2,
}
# What an answer says besides the names, in the language of who asked.
_NAME: dict[str, Any] = {"required": False, "help_text": "passed over: names count"}


@extend_schema_field(_RANGE)
class Range(s.ListField):
    """[from, to), or null where a level stands for nothing in figures."""

    takes_null = True
    child = s.FloatField()


class LevelNew(s.Serializer[Any]):
    value = s.IntegerField(required=False, min_value=1, max_value=MAX_LEVELS)
    name = s.CharField(max_length=200, **_NAME)
    names = names_by_language(120)
    descriptions = texts_by_language(600, required=False)
    range = Range(
        required=False,
        help_text="from and to: a chance within a year, or an amount; every level has one, or none",
    )


class RatingNew(s.Serializer[Any]):
    key = s.CharField(max_length=30)
    name = s.CharField(max_length=200, **_NAME)
    names = names_by_language(120)
    cadence_days = s.IntegerField(min_value=1, max_value=3650)
    accept_role = one_of(["owner", "manager", "leader"], required=False)
    accept_days = s.IntegerField(required=False, min_value=1, max_value=3650)
    accept_total_days = s.IntegerField(required=False, min_value=1, max_value=3650)


class DimensionNew(s.Serializer[Any]):
    key = s.CharField(max_length=30)
    names = names_by_language(120)
    descriptions = s.ListField(
        child=texts_by_language(600), required=False, max_length=MAX_LEVELS,
        help_text="one for each impact level, or none",
    )  # fmt: skip


class CellNew(s.Serializer[Any]):
    likelihood = s.IntegerField(min_value=1, max_value=MAX_LEVELS)
    impact = s.IntegerField(min_value=1, max_value=MAX_LEVELS)
    score = s.IntegerField(
        required=False, min_value=0, max_value=10_000, help_text="likelihood × impact if left out"
    )
    rating = s.CharField(max_length=30)


_LEVEL = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_LEVELS}, {"type": "null"}]}
_AXIS = {"type": "object", "additionalProperties": _LEVEL}


@extend_schema_field(
    {
        "type": "object",
        "properties": {"likelihood": _AXIS, "impact": _AXIS},
        "additionalProperties": False,
    }
)
class LevelMap(s.JSONField):
    """{likelihood: {old level: new level or null}, impact: {…}}."""

    is_object = True


class CriteriaNew(s.Serializer[Any]):
    number = s.IntegerField(
        required=False, min_value=1, help_text="passed over: If-Match says which version was seen"
    )
    axes = AxesNew(
        required=False, help_text="as they were read; they are set at `axes/`, and not here"
    )
    likelihood = LevelNew(many=True)
    impact = LevelNew(many=True)
    dimensions = DimensionNew(many=True, required=False)
    ratings = RatingNew(many=True)
    cells = CellNew(many=True)
    appetite = s.CharField(max_length=30)
    term_appetites = TermAppetite(
        many=True, required=False, help_text="left out: as they are; an empty list: none"
    )
    tolerance = TolerancePoint(
        many=True,
        required=False,
        help_text="by rising amount and falling chance, ten at most; left out: as it is; an empty "
        "list: none",
    )
    cadence_days = s.DictField(
        child=s.IntegerField(min_value=1, max_value=3650),
        required=False,
        help_text="as it follows from `ratings` and `unrated_cadence_days`, where it is set",
    )
    unrated_cadence_days = s.IntegerField(required=False, min_value=1, max_value=3650)
    label = one_of(LABELS, required=False)
    mapping = LevelMap(
        required=False,
        help_text="where the judgements of a level go: needed for each that the new scale has not; "
        "null: to be judged anew",
    )


class CriteriaChange(s.Serializer[Any]):
    risk = s.CharField()
    stage = one_of(STAGES)
    to = Cell(allow_null=True, help_text="null: to be judged anew")

    def get_fields(self) -> Any:
        """``from`` is no name in Python."""
        return {**super().get_fields(), "from": Cell(help_text="where it stands now")}


class AppetiteChange(s.Serializer[Any]):
    risk = s.CharField()
    now = s.BooleanField(help_text="whether it is above appetite by the criteria in force")
    then = s.BooleanField(help_text="whether it would be by the new ones")


class OutdatedAppetite(s.Serializer[Any]):
    id = s.UUIDField(help_text="of the own appetite")
    rating = s.CharField(help_text="key of the rating that would be gone")


class Findings(s.Serializer[Any]):
    now = s.ListField(child=s.CharField(), help_text="of the matrix in force")
    then = s.ListField(child=s.CharField(), help_text="of the new matrix")


class CriteriaPreview(s.Serializer[Any]):
    scale_differs = s.BooleanField(help_text="whether judgements are placed or rated otherwise")
    changes = CriteriaChange(many=True, help_text="every cell that changes, of risks not closed")
    above_appetite = AppetiteChange(
        many=True,
        help_text="every open threat that would come to stand above appetite, or not any more",
    )
    outdated_own_appetites = OutdatedAppetite(
        many=True,
        help_text="own appetites of the caller's party whose rating would be gone; nothing would "
        "go by them until another is chosen",
    )
    findings = Findings(help_text="what the matrix gets wrong, in sentences")
