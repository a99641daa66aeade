"""A register and what frames its risks: parties, members, criteria, terms, objectives."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.localised import in_language, localised
from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.kernel.sorting import Sortable
from riskreg.register.absence_models import Absence as Absence
from riskreg.register.change_models import ChangeRequest as ChangeRequest
from riskreg.register.change_models import PartyAnswer as PartyAnswer
from riskreg.register.own_appetite_models import OwnAppetite as OwnAppetite
from riskreg.register.source_words import texts_of_sources
from riskreg.register.visibility import PartyBound


class Register(Base):
    """Container of one programme's risks. Due dates are days in its ``time_zone``.

    ``made_by`` invites the first manager of each party; null: made before this was noted.
    ``setup_steps`` are what is still to be done of the guided set-up, in order. ``axis_across`` and
    ``axis_names``: see ``axes``. ``archived_at``: since when it is only read (``archive``).
    ``programme``: see ``programme``. ``version`` counts changes of its axes, of its programme and
    of whether it is archived.
    """

    slug = models.SlugField(max_length=60, unique=True)
    names = models.JSONField()
    descriptions = models.JSONField(default=dict, blank=True)
    notices = models.JSONField(default=dict, blank=True)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=60)
    languages = models.JSONField(default=list)
    criteria = models.ForeignKey(
        "register.Criteria", on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    setup_steps = models.JSONField(default=list, blank=True)
    axis_across = models.CharField(max_length=10, default="impact")
    axis_names = models.JSONField(default=dict, blank=True)
    programme = models.JSONField(default=dict, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(axis_across__in=["likelihood", "impact"]), name="register_axis_across"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.slug)

    @property
    def description(self) -> str:
        """The description in the reader's language."""
        return localised(self.descriptions)

    @property
    def notice(self) -> str:
        """What every page of this register must say, if anything."""
        return localised(self.notices)


class Party(Base):
    """An organisation in the register. ``prefix`` starts the refs of its own risks (F-001)."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="parties")
    key = models.SlugField(max_length=40)
    names = models.JSONField()
    prefix = models.CharField(max_length=3)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["register", "key"], name="party_key"),
            models.UniqueConstraint(fields=["register", "prefix"], name="party_prefix"),
            models.CheckConstraint(condition=~Q(prefix="R"), name="party_prefix_not_shared"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.key)


class Role(models.TextChoices):
    """What a member is there for; what each may do is in ``permissions``."""

    VIEWER = "viewer", _("viewer")
    OWNER = "owner", _("risk owner")
    MANAGER = "manager", _("risk manager")
    LEADER = "leader", _("leader")
    AUDITOR = "auditor", _("auditor")
    INTEGRATION = "integration", _("integration")


class Membership(Base):
    """A user's role in a register, on behalf of one party.

    Viewers and auditors of the programme as a whole have no party: they see what is shared.
    ``version`` counts changes of the role. A change of party is another membership.
    """

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, related_name="members")
    role = models.CharField(max_length=12, choices=Role.choices)
    version = models.PositiveIntegerField(default=1)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "user"], condition=Q(ended_at=None), name="membership_once"
            ),
            models.CheckConstraint(
                condition=Q(party__isnull=False) | Q(role__in=["viewer", "auditor"]),
                name="membership_party",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"


class Invitation(Base):
    """A word to an e-mail address: become a member of this register, with this role.

    Its link is signed, not kept: whoever reads the database cannot use it. ``issue`` counts how
    often it was sent, and only the newest link works, until ``expires_at``. ``mail_due_at`` is when
    a mail is to be tried next (null: none is), ``sent_at`` when one last went out.
    """

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="invitations")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=12, choices=Role.choices)
    email = models.EmailField()
    language = models.CharField(max_length=10)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    issue = models.PositiveSmallIntegerField(default=1)
    mail_due_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "party", "email"],
                condition=Q(accepted_at=None, revoked_at=None, party__isnull=False),
                name="invitation_open_party",
            ),
            models.UniqueConstraint(
                fields=["register", "email"],
                condition=Q(accepted_at=None, revoked_at=None, party=None),
                name="invitation_open",
            ),
            models.CheckConstraint(
                condition=Q(party__isnull=False) | Q(role__in=["viewer", "auditor"]),
                name="invitation_party",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(accepted_by__isnull=False, revoked_at=None),
                name="invitation_accepted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["mail_due_at"],
                condition=Q(mail_due_at__isnull=False),
                name="invitation_mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.issue}"

    @property
    def visibility(self) -> str:
        """Whose the invitation is, for its events: the party's, or everybody's in the register."""
        return "party" if self.party_id else "shared"


class Criteria(Base):
    """A version of the register's risk criteria. Immutable once used (``used_at``).

    ``likelihood`` and ``impact`` are lists of levels {value, names, descriptions}, lowest first,
    values 1…n, each with a ``range`` [from, to) or none of them; ``dimensions`` of {key, names,
    descriptions: [one per impact level]}; ``ratings`` of
    {key, names, cadence_days, accept_role, accept_days, accept_total_days}, least severe first (the
    days missing in criteria older than acceptances: ``accepting.rating_with_caps``); ``cells`` of
    rows, one per likelihood from the lowest, each with {score, rating} per impact from the lowest;
    ``appetite`` is the most severe rating that needs no acceptance, ``term_appetites`` of {term,
    rating} another one for risks filed under a term, written ``taxonomy:term`` (null in criteria
    older than these: none); ``tolerance`` of {amount, chance}, how much a year may cost and with
    which chance (``register.tolerance``; null: nothing is said); ``unrated_cadence_days`` the
    cadence of an open risk that nobody has rated.
    """

    register = models.ForeignKey(
        Register, on_delete=models.PROTECT, related_name="criteria_versions"
    )
    number = models.PositiveIntegerField()
    likelihood = models.JSONField()
    impact = models.JSONField()
    dimensions = models.JSONField(default=list)
    ratings = models.JSONField()
    cells = models.JSONField()
    appetite = models.CharField(max_length=30)
    term_appetites = models.JSONField(null=True, blank=True)
    tolerance = models.JSONField(null=True, blank=True)
    unrated_cadence_days = models.PositiveIntegerField(default=30)
    label = models.CharField(max_length=12, default="judgement")
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["register", "number"], name="criteria_number")
        ]

    def __str__(self) -> str:
        return f"criteria {self.number}"


class Taxonomy(Base):
    """A classification that the register defines: Category, Workstream, Market …"""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="taxonomies")
    key = models.SlugField(max_length=40)
    names = models.JSONField()
    position = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["register", "key"], name="taxonomy_key")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.key)


class Term(Base):
    """One value of a taxonomy. ``retired_at``: it is offered no more, and stays where it was used;
    ``merged_into``: what was filed under it is filed under that one now."""

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="terms")
    key = models.SlugField(max_length=40)
    names = models.JSONField()
    position = models.PositiveIntegerField(default=0)
    source = models.JSONField(default=dict, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "register.Term", on_delete=models.PROTECT, null=True, related_name="merged"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["taxonomy", "key"], name="term_key"),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(retired_at__isnull=False),
                name="term_merged_is_retired",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.key)

    @property
    def ref(self) -> str:
        """Its name in queries and bodies: ``taxonomy:term``."""
        return f"{self.taxonomy.key}:{self.key}"


class Objective(Searchable, Sortable, Base, PartyBound):
    """A measurable target: ``value`` in ``unit`` by ``due_on``, from ``baseline``.

    ``external_id`` is what its party's other systems call it, for that party alone.
    """

    key = models.SlugField(max_length=60)
    names = models.JSONField()
    unit = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=24, decimal_places=6)
    baseline = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    version = models.PositiveIntegerField(default=1)
    due_on = models.DateField()
    label = models.CharField(max_length=12)
    source = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(
                fields=["register", "party", "external_id"],
                condition=Q(external_id__isnull=False),
                name="objective_external_id",
            ),
            models.UniqueConstraint(
                fields=["register", "key"],
                condition=Q(visibility="shared"),
                name="objective_key_shared",
            ),
            models.UniqueConstraint(
                fields=["register", "party", "key"], name="objective_key_party"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def texts_to_search(self) -> tuple[Any, ...]:
        """Its names in every language, and its source."""
        return (self.names, self.key, texts_of_sources(self.source))

    def title_or_name_to_sort_by(self, language: str) -> str:
        """Its name."""
        return in_language(self.names, language, self.key)

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.key)


class RefSequence(models.Model):
    """The last number given out, per register, noun and audience (``party`` None is shared)."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, related_name="+")
    noun = models.CharField(max_length=20)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "party", "noun"],
                condition=Q(party__isnull=False),
                name="refsequence_party",
            ),
            models.UniqueConstraint(
                fields=["register", "noun"], condition=Q(party=None), name="refsequence_shared"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.last}"
