"""Parameters of the query string, as the schema describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter


def query(name: str, text: str, kind: Any = str, **options: Any) -> OpenApiParameter:
    """A parameter of the query string."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **options)


def repeated(name: str, text: str, **options: Any) -> OpenApiParameter:
    """A parameter that may be given several times."""
    return query(name, text + " May be given several times.", many=True, **options)


def switch(name: str, text: str) -> OpenApiParameter:
    """A parameter that is true or false."""
    return query(name, text, bool)


def whole_number(name: str, text: str, least: int, most: int, **options: Any) -> OpenApiParameter:
    """A parameter that is a whole number."""
    shape = {"type": "integer", "minimum": least, "maximum": most, **options}
    return query(name, text, shape)


def nonempty_text(name: str, text: str, **options: Any) -> OpenApiParameter:
    """A parameter that is a text, and not an empty one."""
    required = options.pop("required", False)
    shape = {"type": "string", "minLength": 1, "pattern": r"\S", **options}
    return query(name, text, shape, required=required)


def repeated_text(name: str, text: str, **options: Any) -> OpenApiParameter:
    """A text that may be given several times."""
    shape = {"type": "string", "minLength": 1, "pattern": r"\S", **options}
    many = {"type": "array", "items": shape, "minItems": 1, "maxItems": 500}
    return query(name, text + " May be given several times.", many)


EXTERNAL_ID = repeated_text("external_id", "The caller's own id.")
