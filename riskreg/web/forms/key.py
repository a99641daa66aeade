"""The key of a form: which form of which page it is, and for whom the page was made."""

import secrets
from dataclasses import dataclass
from typing import NamedTuple

from django.core import signing
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from riskreg.web.returning import list_address_to_return_to_or_empty, with_way_back

FIELD = "form_key"
DRAFT = "draft"
_SALT = "riskreg.web.forms"
# As long as a session lasts: a form that is older belongs to nobody who can still send it.
_SECONDS = 14 * 24 * 3600
_LONGEST_PAGE = 2000


@dataclass(frozen=True)
class FormKey:
    """``name`` is random; ``user`` the public id of who was signed in, empty for nobody; ``page``
    the address, without a host, of the page that the form stands on."""

    name: str
    user: str
    page: str

    @property
    def page_with_draft(self) -> str:
        """The form's page, filled with what was typed."""
        return page_url_with_draft(self.page, self.name)


def page_url_with_draft(page: str, name: str) -> str:
    """``page`` filled with what is kept under ``name``."""
    return f"{page}{'&' if '?' in page else '?'}{urlencode({DRAFT: name})}"


class KeyAndSignedValue(NamedTuple):
    """A key, and how it is written in the form."""

    key: FormKey
    signed_value: str


def new_key_and_signed_value(key: FormKey) -> KeyAndSignedValue:
    """A fresh key for the same form of the same page, and how it is written in the form."""
    name = secrets.token_urlsafe(12)
    signed = signing.dumps([name, key.user, key.page], salt=_SALT, compress=True)
    return KeyAndSignedValue(FormKey(f"{name}.1", key.user, key.page), f"{signed}.1")


def key_field(request: HttpRequest) -> SafeString:
    """A hidden field with the key of one form; each call is another form of the page."""
    signed = getattr(request, "_form_signed", None)
    if signed is None:
        signed = _new_signed_key(request)
        request._form_signed, request._form_count = signed, 0  # type: ignore[attr-defined]
    request._form_count += 1  # type: ignore[attr-defined]
    count = request._form_count  # type: ignore[attr-defined]
    return format_html('<input type="hidden" name="{}" value="{}.{}">', FIELD, signed, count)


def posted_key(request: HttpRequest) -> FormKey | None:
    """The key that came with a form; None without one, or with one that is not ours."""
    if not hasattr(request, "_form_posted"):
        value = request.POST.get(FIELD, "")
        request._form_posted = _read_key(value)  # type: ignore[attr-defined]
    key: FormKey | None = request._form_posted  # type: ignore[attr-defined]
    return key


def _new_signed_key(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    who = user.uuid.hex if user is not None and user.is_authenticated else ""
    # A page that answers a form is at the address of the form, which may take nothing but forms.
    before = posted_key(request) if request.method == "POST" else None
    page = before.page if before and before.user == who else request.get_full_path()
    page = getattr(request, "form_page", page)
    page = with_way_back(page, list_address_to_return_to_or_empty(request))
    if len(page) > _LONGEST_PAGE:
        page = request.path
    return signing.dumps([secrets.token_urlsafe(12), who, page], salt=_SALT, compress=True)


def _read_key(value: str) -> FormKey | None:
    signed, _dot, count = value.rpartition(".")
    if not (count.isascii() and count.isdigit() and len(count) < 6 and len(value) < 4000):
        return None
    try:
        name, user, page = signing.loads(signed, salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return FormKey(f"{name}.{count}", user, page)
