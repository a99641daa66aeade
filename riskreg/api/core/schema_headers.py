"""Headers of requests and answers, as the schema describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter


def header(
    name: str, text: str, shape: dict[str, Any], *, required: bool = False
) -> OpenApiParameter:
    """A header that a request may have."""
    return OpenApiParameter(
        name, {"type": "string", **shape}, OpenApiParameter.HEADER, required=required,
        description=text,
    )  # fmt: skip


def response_header(name: str, text: str, status: int) -> OpenApiParameter:
    """A header that answers of that status have."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[status])


IF_MATCH = header(
    "If-Match",
    'The ETag that you have seen, or its version alone: "7".',
    {"pattern": r'^(W/)?"[0-9]{1,9}(-[0-9a-f]{12})?"$'},
    required=True,
)
KEY = header(
    "Idempotency-Key",
    "The same key and body act once, for 48 hours: the answer is repeated with "
    "Idempotent-Replayed: true.",
    {"minLength": 1, "maxLength": 255, "pattern": r"^[ -~]*[!-~][ -~]*$"},
)

# Any text: what is no epoch's name claims nothing, and so is passed over.
EPOCH = header(
    "Log-Epoch",
    "After a restore of the system (410): the name of the new epoch, from one who knows of it.",
    {},
)
# Any text: what is no ETag is nobody's, and so is passed over, as HTTP has it.
KNOWN = header("If-None-Match", "ETags that you have: 304 where one is still right.", {})


def etag_header(status: int) -> OpenApiParameter:
    """The ETag."""
    return response_header("ETag", "The version, for If-Match and If-None-Match.", status)


def replayed_header(status: int) -> OpenApiParameter:
    """Whether the answer is a repeated one."""
    return response_header("Idempotent-Replayed", "true: this was done before.", status)


def headers_of_change_that_waits() -> list[OpenApiParameter]:
    """Headers of 202: a change waits for a yes of other parties."""
    return [
        etag_header(202),
        replayed_header(202),
        response_header("Location", "The address of the change request.", 202),
    ]
