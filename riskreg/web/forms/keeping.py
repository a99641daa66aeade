"""Keeping what was typed when a form could not be taken, for the person it was made for."""

import contextlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.queries import users_by_uuid
from riskreg.kernel import clock
from riskreg.requests.queries import Typed
from riskreg.requests.services import keep_draft
from riskreg.web.forms.key import FIELD, FormKey, new_key_and_signed_value, posted_key

# Never kept, whatever the form: passwords, tokens, and the addresses of endpoints, which are keys.
_SECRET = re.compile(r"pass|secret|token|otp|recovery|credential|^address$|^code$", re.IGNORECASE)
# What pages hand to themselves; nobody wrote it.
_OWN_NAMES = re.compile(
    r"version|kept_version|expected|seen\w*|initial-.*|next|way|row|from|part|action|stage|resolved|"
    rf"take_\w+|.*_FORMS|{FIELD}"
)
_OWN_VALUES = re.compile(r"\d*|on|[0-9a-f-]{32,36}|\d,\d")


def typed_without_secrets(request: HttpRequest, key: FormKey) -> Typed:
    """What came with the form, but for secrets and files."""
    fields, left_out = [], []
    for name, values in request.POST.lists():
        if name == "csrfmiddlewaretoken":
            continue
        if name != FIELD and _SECRET.search(name):
            left_out.append(name)
        else:
            fields += [(name, str(value)) for value in values]
    files = [(name, str(f.name)) for name, found in request.FILES.lists() for f in found]
    return Typed(key.page, request.path, fields, left_out, files)


def texts_typed_by_writer(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """What of it somebody wrote, without the marks that pages hand to themselves."""
    return [v for n, v in pairs if not (_OWN_NAMES.fullmatch(n) or _OWN_VALUES.fullmatch(v))]


def posted_texts(request: HttpRequest) -> list[str]:
    """What somebody wrote into the form that was sent, for a page that refuses it and has no place
    for that form any more; nothing of what is never kept."""
    pairs = ((name, str(v)) for name, values in request.POST.lists() for v in values)
    return texts_typed_by_writer(
        (n, v) for n, v in pairs if n != "csrfmiddlewaretoken" and not _SECRET.search(n)
    )


def draft_fields_to_refill(request: HttpRequest) -> QueryDict | None:
    """What is about to be put back into the page's form, for a page whose form grows with it."""
    typed: Typed | None = getattr(request, "typed", None)
    if typed is None:
        return None
    fields = QueryDict(mutable=True)
    for name, value in typed.fields:
        fields.appendlist(name, value)
    return fields


def keep_form_as_draft(request: HttpRequest, *, anew: bool = False) -> str:
    """Keep what was typed for whom the form was made; the page that shows it to them again.

    Empty where there is nobody to keep it for, or it cannot be kept. ``anew``: as another form
    than the one that was sent.
    """
    key = posted_key(request)
    person = _person_of_form(request, key) if key else None
    if key is None or person is None:
        return ""
    typed = typed_without_secrets(request, key)
    if anew:
        # Sent again it is another form than the one that was done, and known by its own key.
        key, token = new_key_and_signed_value(key)
        fields = [(n, v) for n, v in typed.fields if n != FIELD]
        typed = replace(typed, fields=[*fields, (FIELD, token)])
    with contextlib.suppress(DatabaseError):
        if keep_draft(user=person, key=key.name, typed=typed, at=clock.now()):
            return key.page_with_draft
    return ""


def keep_draft_and_go_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to the form with what was typed."""
    key = posted_key(request)
    back = keep_form_as_draft(request) or (key.page if key else "")
    if back:
        message = _(
            "You are not signed in any more. Sign in as the person you were: the form is there "
            "again with what you typed. It is kept for an hour, for you alone."
        )
        messages.warning(request, message)
    query = f"?{urlencode({'next': back})}" if back else ""
    return HttpResponseRedirect(reverse("account_login") + query)


def keep_draft_and_refuse_form(request: HttpRequest) -> HttpResponse:
    """The form was made for somebody else than who is signed in now; nothing is done with it."""
    kept = bool(keep_form_as_draft(request))
    key = posted_key(request)
    # Without its query, in which there may be words of theirs.
    context = {"kept": kept, "page": urlsplit(key.page).path if key else "/"}
    return render(request, "forms/of_another.html", context, status=403)


def _person_of_form(request: HttpRequest, key: FormKey) -> User | None:
    user: Any = request.user
    if user.is_authenticated and user.uuid.hex == key.user:
        return user if isinstance(user, User) else None
    if not key.user:
        return None
    with contextlib.suppress(ValueError):
        return next(iter(users_by_uuid({uuid.UUID(key.user)}).values()), None)
    return None
