"""The problem document (RFC 9457): its shape in the schema, and an example of each status."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.errors import KINDS
from riskreg.api.core.shape_fields import one_of
from riskreg.api.core.vocabulary import CODES

_DETAILS = {
    400: "There is no such level; the criteria have levels 1 to 5.",
    412: "Somebody changed this since you opened it. Read it again, decide, and send the new ETag.",
    428: "Send If-Match with the ETag of the version you have seen.",
}


class ProblemItem(s.Serializer[Any]):
    pointer = s.CharField(help_text="#/field/sub of the body, ?name of the query, or a header")
    code = one_of(CODES, help_text="what kind of mistake; stable")
    detail = s.CharField(help_text="what is wrong and what to do, for people")


class Problem(s.Serializer[Any]):
    type = s.CharField()
    title = s.CharField()
    status = s.IntegerField(min_value=400, max_value=599)
    detail = s.CharField(allow_blank=True)
    errors = ProblemItem(many=True)  # type: ignore[assignment]


def problem_example(status: int) -> dict[str, Any]:
    """An example of a problem document of that status."""
    kind, title = KINDS[status]
    errors = []
    if status == 400:
        errors = [{"pointer": "#/likelihood", "code": "unknown_level", "detail": _DETAILS[400]}]
    return {
        "type": f"urn:riskreg:problem:{kind}",
        "title": title,
        "status": status,
        "detail": _DETAILS.get(status, title + "."),
        "errors": errors,
    }
