"""People and programs that sign in."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from riskreg.kernel import clock
from riskreg.kernel.clock import time_zones
from riskreg.kernel.localised import in_language, localised
from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.kernel.sorting import Sortable


def check_time_zone(value: str) -> None:
    """Raise ``ValidationError`` unless ``value`` names an IANA time zone."""
    if value not in time_zones():
        raise ValidationError(_("There is no time zone of that name; pick one of the list."))


def usual_working_days() -> list[int]:
    """Monday to Friday, as ISO numbers weekdays."""
    return [1, 2, 3, 4, 5]


class UserManager(BaseUserManager["User"]):
    """Makes users that are named by their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.created_at = fields.get("created_at") or clock.now()
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(Searchable, Sortable, Base, AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in, by e-mail address, with their own language and time zone.

    A digest is for them at ``digest_hour`` of their own zone, on days they work: ``working_days``
    (ISO numbers, 1 is Monday) without the public holidays of ``holiday_calendar`` (an ISO 3166 code
    with or without a subdivision, such as CN or DE-BY; empty: none are kept) and with the working
    days that make up for them. ``digest_by_mail`` False leaves digests to the inbox. A program
    (``is_program``) has no password and is reached by nobody: it calls with tokens alone. Of who
    was forgotten (``forgotten_at``) nothing is left but that there was somebody.
    """

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    names = models.JSONField(default=dict, blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        default="en",
        choices=[("en", "English"), ("zh-hans", "简体中文")],
    )
    time_zone = models.CharField(
        _("time zone"), max_length=60, default="UTC", validators=[check_time_zone]
    )
    digest_hour = models.PositiveSmallIntegerField(_("hour of the digest"), default=7)
    working_days = models.JSONField(_("working days"), default=usual_working_days)
    holiday_calendar = models.CharField(_("public holidays"), max_length=16, blank=True, default="")
    digest_by_mail = models.BooleanField(_("digests by mail"), default=True)
    is_program = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    forgotten_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    # Each sign-in saves these: the table of pinyin is not loaded for that.
    unused_by_derived = frozenset({"last_login", "password"})

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_lower"),
            models.CheckConstraint(
                condition=models.Q(digest_hour__gte=0, digest_hour__lte=23),
                name="user_digest_hour",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email

    def texts_to_search(self) -> tuple[Any, ...]:
        """The name in every language; not the address, which is for who may write to them."""
        return (self.name, self.names)

    def title_or_name_to_sort_by(self, language: str) -> str:
        """The name."""
        return in_language(self.names, language, self.name)

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.name)


class Scope(models.TextChoices):
    """What a token may do: read; read and write; only feed readings."""

    READ = "read", _("read")
    WRITE = "write", _("read and write")
    INGEST = "ingest", _("feed readings")


class ApiToken(Base):
    """A program's way in as one user. Only the SHA-256 of the token is kept.

    ``register`` (its public id) is the one register that it opens; null: all of its user's.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope.choices)
    register = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.scope})"


class CalendarFeed(Base):
    """A person's secret address of their duties as a calendar. Only its SHA-256 is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(revoked_at=None), name="calendarfeed_one"
            )
        ]

    def __str__(self) -> str:
        return f"calendar of {self.user_id}"


class SignInFailure(models.Model):
    """A sign-in that was refused; kept for a day, for the limits on attempts.

    ``account`` and ``client`` are keyed hashes of what was typed as the address and of the client's
    network, so the table names nobody. ``browser`` is the random id of a browser that has signed in
    to this account before; empty for any other.
    """

    account = models.CharField(max_length=32)
    client = models.CharField(max_length=32)
    browser = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "at"], name="signinfailure_account"),
            models.Index(fields=["client", "at"], name="signinfailure_client"),
        ]

    def __str__(self) -> str:
        return f"{self.account[:8]} {self.at:%Y-%m-%d %H:%M}"
