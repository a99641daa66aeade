"""Reading a body: JSON, strictly, so that two readers can never understand it differently."""

import json
import math
from collections.abc import Collection
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from riskreg.api.core.errors import Problem, pointer
from riskreg.kernel.errors import Errors

MAX_DEPTH = 20


class StrictJSONParser(BaseParser):
    """One JSON object in UTF-8. Refuses repeated names, NaN and infinities, deep nesting, NUL."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """The object. Raises ``Problem`` 400 saying what is wrong, ``RequestDataTooBig``."""
        _check_encoding((parser_context or {}).get("request"))
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            raw = stream.read(limit + 1)
        except UnreadablePostError:
            raise Problem(400, _("The body broke off; send it again.")) from None
        if len(raw) > limit:
            raise RequestDataTooBig
        return parse(raw)


def _check_encoding(request: Any) -> None:
    """Raise ``Problem`` 415 for a body that is packed: it would only be said not to be UTF-8."""
    encoding = request.headers.get("Content-Encoding", "").strip() if request else ""
    if encoding and encoding.lower() != "identity":
        raise Problem(
            415,
            _("A body of Content-Encoding “%(name)s” is not understood; send it as it is.")
            % {"name": encoding[:40]},
            [{"pointer": "Content-Encoding", "code": "encoded", "detail": _("Leave it out.")}],
            Accept_Encoding="identity",
        )


def parse(raw: bytes) -> dict[str, Any]:
    """``raw`` as an object. Raises ``Problem`` 400."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8 (byte {error.start}).") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object_without_repeated_names,
            parse_constant=_refuse_constant,
            parse_float=_parse_finite,
        )
    except json.JSONDecodeError as error:
        raise _malformed(
            f"The body is not JSON: {error.msg}, line {error.lineno} column {error.colno}."
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise _malformed("The body holds a number of too many digits.") from None
    if not isinstance(value, dict):
        raise _malformed("The body must be one JSON object: { … }.")
    _check_depth_and_characters(value)
    return value


def body_of(request: Request, *allowed: str) -> dict[str, Any]:
    """The body as an object, empty if there is none; with ``allowed``, nothing but those names.

    Raises ``Invalid`` naming every field that is not known.
    """
    data = _dict_of_json_or_form_without_repeats(request.data)
    if allowed:
        errors = Errors()
        for name in data:
            if name not in allowed:
                errors.add(
                    str(name)[:60],
                    "unknown_field",
                    _("There is no such field here. Fields: %(all)s.")
                    % {"all": ", ".join(allowed)},
                )
        errors.raise_if_any()
    return data


class FormParser(MultiPartParser):
    """A form with a file, as browsers and programs send one (RFC 7578)."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Its fields and files. Raises ``Problem`` 400 for one that broke off."""
        _check_encoding((parser_context or {}).get("request"))
        try:
            return super().parse(stream, media_type, parser_context)
        except UnreadablePostError:
            raise Problem(400, _("The body broke off; send it again.")) from None


def _dict_of_json_or_form_without_repeats(data: Any) -> dict[str, Any]:
    """A body as an object; of a form, each field once."""
    if not isinstance(data, MultiValueDict):
        return dict(data)
    for name, values in data.lists():
        if len(values) > 1:
            raise _malformed(f"The field “{_shortened(str(name))}” stands twice; send it once.")
    found = {str(name): data[name] for name in data}
    _check_depth_and_characters(
        {name: value for name, value in found.items() if isinstance(value, str)}
    )
    return found


def require_empty_body(request: Request) -> dict[str, Any]:
    """The empty body of an act that needs none. Raises ``Invalid`` naming every field sent."""
    errors = Errors()
    for name in body_of(request):
        errors.add(str(name)[:60], "unknown_field", _("Nothing is to be sent with this; send {}."))
    errors.raise_if_any()
    return {}


def arguments_of_act(
    request: Request, *optional: str, required: Collection[str] = ()
) -> dict[str, Any]:
    """What the body names, for the service of an act that takes these fields; with no fields the
    body must be empty. What is ``required`` and was not sent is None, for the service to refuse in
    its own words. Raises ``Invalid`` naming every field that is not known."""
    names = (*required, *optional)
    sent = body_of(request, *names) if names else require_empty_body(request)
    return dict.fromkeys(required) | sent


def id_or_email_of_person(value: Any) -> Any:
    """A person as services take one: an id or e-mail address, also where {id, name} was sent."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


def _object_without_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _v in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise _malformed(
            f"The name “{_shortened(twice)}” stands twice in one object; send it once."
        )
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not a number in JSON; leave the value out or send null.")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _malformed(f"The number {text[:40]} is out of range.")
    return number


def _check_depth_and_characters(value: Any) -> None:
    """Depth, and characters that no text may hold; without recursion of its own."""
    waiting: list[tuple[Any, str, int]] = [(value, "", 1)]
    while waiting:
        item, path, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(item, str):
            _check_text(item, path)
        elif isinstance(item, dict):
            for name, each in item.items():
                _check_text(name, path)
                waiting.append((each, f"{path}.{name}" if path else name, depth + 1))
        elif isinstance(item, list):
            waiting += [(each, f"{path}.{n}", depth + 1) for n, each in enumerate(item)]


def _check_text(text: str, path: str) -> None:
    if "\0" in text:
        what = "This holds a NUL character. Remove it and send it again."
    elif not text.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        what = "This holds half of a surrogate pair. Send whole characters."
    else:
        return
    where = {"pointer": pointer(_shortened(path), False), "code": "bad_character", "detail": what}
    raise Problem(400, what, [where])


def _shortened(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:80]


def _malformed(detail: str) -> Problem:
    return Problem(400, detail, [{"pointer": "#", "code": "malformed", "detail": detail}])


def _too_deep() -> Problem:
    return _malformed(f"The body is nested too deeply; at most {MAX_DEPTH} levels are taken.")
