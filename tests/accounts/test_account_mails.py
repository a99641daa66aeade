"""What is written to people about their account, and what a failed sign-in says."""

import datetime as dt
import re

import pytest
from allauth.account import app_settings
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from riskreg.accounts.adapter import MAILS
from riskreg.accounts.mails import send_account_mail
from riskreg.accounts.models import User
from tests import builders

pytestmark = pytest.mark.django_db
NEW = "entirely-new-words-7"
STOCK = ("Password Reset", "Hello from", "Thank you for using", "example.com", "testserver")


@pytest.fixture
def person(at: dt.datetime) -> User:
    return builders.user("owner@foton.example", at)


def bodies(sent: EmailMultiAlternatives) -> list[str]:
    return [str(sent.body), *(str(part[0]) for part in sent.alternatives)]


def ask_for_a_password(client: Client, email: str, **headers: str) -> EmailMultiAlternatives | None:
    mail.outbox.clear()
    answer = client.post(
        reverse("account_reset_password"), {"email": email}, headers=headers or None
    )
    assert (answer.status_code, answer["Location"]) == (302, reverse("account_reset_password_done"))
    assert len(mail.outbox) <= 1
    return mail.outbox[0] if mail.outbox else None  # type: ignore[return-value]


@pytest.mark.parametrize(
    "language, subject, button",
    [("en", "Set a new password", "Set a new password"), ("zh-hans", "设置新密码", "设置新密码")],
)
def test_reset_mail_is_the_products_own(
    client: Client, person: User, language: str, subject: str, button: str
) -> None:
    User.objects.update(language=language)
    # The visitor's own language does not matter, the account's does.
    sent = ask_for_a_password(client, person.email, accept_language="fr")
    assert sent is not None
    assert (sent.subject, sent.to) == (subject, [person.email])
    assert sent.extra_headers["Content-Language"] == language
    assert len(bodies(sent)) == 2
    for body in bodies(sent):
        assert str(person) in body
        assert person.email in body
        assert not [word for word in STOCK if word in sent.subject + body]
    assert button in bodies(sent)[1]


def test_links_in_account_mails_take_base_url_and_no_header(
    client: Client, person: User, settings: LazySettings
) -> None:
    settings.BASE_URL = "https://risks.foton.example"
    settings.ALLOWED_HOSTS = ["*"]
    sent = ask_for_a_password(
        client, person.email, host="evil.example", x_forwarded_host="evil.example"
    )
    assert sent is not None
    for body in bodies(sent):
        found = re.findall(r"https?://[^\s\"<>]+", body)
        assert found
        assert all(url.startswith("https://risks.foton.example/") for url in found)
        assert "evil" not in body
    url = re.search(r"https://risks\.foton\.example(/\S+)", bodies(sent)[0])
    assert url is not None
    page = client.get(url[1], follow=True)
    done = client.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert done["Location"] == reverse("account_reset_password_from_key_done")
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_who_has_no_account_is_not_written_to(client: Client, person: User) -> None:
    known = client.post(reverse("account_reset_password"), {"email": person.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "x@stranger.example"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [m.to for m in mail.outbox] == [[person.email]]


def test_a_mail_server_that_fails_does_not_tell_who_has_an_account(
    client: Client, person: User, settings: LazySettings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    ask_for_a_password(client, person.email)
    assert send_account_mail("password_changed", user=person) is False


def test_a_changed_password_is_told_to_its_owner(client: Client, person: User) -> None:
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    given = {"oldpassword": builders.PASSWORD, "password1": NEW, "password2": NEW}
    page = client.post(reverse("account_change_password"), given, follow=True)
    assert "Your password was changed." in page.content.decode()
    assert [(m.subject, m.to) for m in mail.outbox] == [
        ("Your password was changed", [person.email])
    ]
    assert NEW not in mail.outbox[0].body


def test_no_mail_of_the_librarys_own_can_be_sent() -> None:
    """Those left out belong to what is switched off: sign-up, confirmation, sign-in by code."""
    assert app_settings.EMAIL_VERIFICATION == "none"
    assert not app_settings.LOGIN_BY_CODE_ENABLED
    assert not app_settings.PASSWORD_RESET_BY_CODE_ENABLED
    assert not app_settings.EMAIL_UNKNOWN_ACCOUNTS
    assert set(MAILS) == {
        "password_reset_key", "password_reset", "password_changed", "password_set",
    }  # fmt: skip


@pytest.mark.parametrize(
    "language, title, words",
    [
        ("en", "You are not signed in.", "do not belong together"),
        ("zh-hans", "登录未成功。", "不匹配"),
    ],
)
def test_a_wrong_password_is_not_a_form_that_was_not_saved(
    client: Client, person: User, language: str, title: str, words: str
) -> None:
    page = client.post(
        reverse("account_login"),
        {"login": person.email, "password": "wrong"},
        headers={"accept-language": language},
    ).content.decode()
    assert title in page
    assert words in page
    assert "Nothing was saved" not in page
    assert "未保存" not in page
