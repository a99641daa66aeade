"""The shapes of members, invitations and programs, for the schema alone."""

from typing import Any

from django.conf import settings
from rest_framework import serializers as s

from riskreg.accounts.models import Scope
from riskreg.api.core.shape_fields import Person, WhoOrNobody, one_of, texts_by_language
from riskreg.register.frame_templates import CLASSIFICATIONS, NO_CLASSIFICATION, SCALES
from riskreg.register.models import Role
from riskreg.register.people import FOR_PEOPLE
from riskreg.register.services.invitations import DAYS_MAX

_LANGUAGES = [code for code, _name in settings.LANGUAGES]
STATES = ("waiting", "expired", "accepted", "revoked")


class AnswersFor(s.Serializer[Any]):
    owned = s.IntegerField()
    deputised = s.IntegerField()
    mitigations = s.IntegerField()
    indicators = s.IntegerField()
    controls = s.IntegerField(help_text="how many controls in place")


class Member(s.Serializer[Any]):
    id = s.UUIDField()
    url = s.URLField()
    name = s.CharField()
    email = s.CharField(allow_null=True, help_text="for who manages them, and for themselves")
    role = one_of(Role.values, help_text="what they are there for")
    party = s.CharField(allow_null=True, help_text="key of the party that they act for; or none")
    program = s.BooleanField(help_text="a program, which calls with tokens alone")
    active = s.BooleanField(help_text="whether the account is on")
    since = s.DateTimeField(help_text="when they became a member")
    last_seen_at = s.DateTimeField(
        allow_null=True,
        help_text="when they last signed in, for who manages them; null: never, or not yours to "
        "know",
    )
    answers_for = AnswersFor(help_text="of what the caller may know of")
    version = s.IntegerField()


class MemberChange(s.Serializer[Any]):
    role = one_of(FOR_PEOPLE, help_text="the new role")
    to = WhoOrNobody(required=False, help_text="who takes over what was theirs")
    nobody_yet = s.BooleanField(required=False, help_text="what was theirs stays with nobody")


class MemberEnd(s.Serializer[Any]):
    to = WhoOrNobody(required=False, help_text="who takes over what was theirs")
    nobody_yet = s.BooleanField(required=False, help_text="what was theirs stays with nobody")


class MemberEnded(s.Serializer[Any]):
    id = s.UUIDField()
    ended_at = s.DateTimeField()


class Invitation(s.Serializer[Any]):
    id = s.UUIDField()
    url = s.URLField()
    email = s.CharField(help_text="where it was sent")
    role = one_of(FOR_PEOPLE, help_text="what they are to be")
    party = s.CharField(allow_null=True, help_text="key of the party; null: of none")
    language = one_of(_LANGUAGES, help_text="of the mail")
    state = one_of(STATES)
    invited_by = Person()
    accepted_by = Person(allow_null=True, help_text="who became a member; null: nobody yet")
    expires_at = s.DateTimeField(help_text="its link works until then")
    sent_at = s.DateTimeField(allow_null=True, help_text="when a mail last went out; null: not yet")
    version = s.IntegerField()
    created_at = s.DateTimeField()


class InvitationNew(s.Serializer[Any]):
    email = s.CharField(max_length=254, help_text="where it is sent")
    role = one_of(FOR_PEOPLE, help_text="what they are to be")
    party = s.CharField(
        required=False,
        allow_null=True,
        max_length=40,
        help_text="key of the party; null or left out: of none, as viewer or auditor",
    )
    language = one_of(_LANGUAGES, required=False, help_text="of the mail; the caller's if left out")
    days = s.IntegerField(
        required=False, min_value=1, max_value=DAYS_MAX, help_text="how long it is good for"
    )


class InvitationRow(s.Serializer[Any]):
    # What a row lacks is told of that row, like all else that is wrong with it.
    email = s.CharField(required=False, max_length=300, help_text="where it is sent; each row's")
    role = s.CharField(required=False, max_length=40, help_text="what they are to be; each row's")
    party = s.CharField(required=False, allow_null=True, max_length=40, help_text="as above")
    language = s.CharField(required=False, allow_null=True, max_length=10, help_text="of the mail")


class InvitationsNew(s.Serializer[Any]):
    rows = InvitationRow(many=True, help_text="up to 2,000")
    take_good = s.BooleanField(
        required=False, help_text="take the rows that are right; otherwise one wrong refuses all"
    )


class RowRefused(s.Serializer[Any]):
    row = s.IntegerField(help_text="its number, from 1")
    reasons = s.ListField(child=s.CharField(), help_text="what is wrong with it, and the way out")


class InvitationsMade(s.Serializer[Any]):
    made = s.IntegerField(help_text="how many were invited")
    refused = RowRefused(many=True, help_text="rows that were not")


class InvitationAccept(s.Serializer[Any]):
    token = s.CharField(max_length=200, help_text="the last part of the link in the mail")


class Joined(s.Serializer[Any]):
    slug = s.CharField()
    url = s.URLField()
    role = one_of(Role.values, help_text="what the caller is now")
    party = s.CharField(allow_null=True, help_text="key of the party; null: none")


class ProgramToken(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField(allow_blank=True, help_text="what it is for")
    prefix = s.CharField()
    scope = one_of(Scope.values)
    expires_at = s.DateTimeField()
    revoked_at = s.DateTimeField(allow_null=True, help_text="when it was ended; null: it was not")
    last_used_on = s.DateField(allow_null=True, help_text="the last day of use; null: never")


class Program(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()
    party = s.CharField()
    since = s.DateTimeField(help_text="when it was made")
    tokens = ProgramToken(many=True, help_text="newest first, ended ones last")


class ProgramTokenSecret(ProgramToken):
    secret = s.CharField(
        required=False, help_text="rr_…, in this one answer; left out when it is repeated"
    )


class ProgramSecret(Program):
    secret = s.CharField(
        required=False, help_text="rr_…, in this one answer; left out when it is repeated"
    )


class ProgramTokenNew(s.Serializer[Any]):
    scope = one_of(Scope.values)
    days = s.IntegerField(required=False, min_value=1, max_value=366, help_text="until it ends")
    name = s.CharField(required=False, max_length=80, help_text="what it is for")


class ProgramNew(s.Serializer[Any]):
    name = s.CharField(max_length=120, help_text="as it stands beside what it does")
    scope = one_of(Scope.values)
    days = s.IntegerField(required=False, min_value=1, max_value=366, help_text="until it ends")


class PartyNew(s.Serializer[Any]):
    key = s.CharField(max_length=40)
    names = texts_by_language(120, least=1)
    prefix = s.CharField(required=False, max_length=3, help_text="chosen if it is left out")


class RegisterNew(s.Serializer[Any]):
    slug = s.CharField(max_length=40)
    names = texts_by_language(120, least=1)
    descriptions = texts_by_language(2000, required=False)
    currency = s.CharField(max_length=3)
    time_zone = s.CharField(max_length=60)
    languages = s.ListField(child=one_of(_LANGUAGES), required=False, max_length=2)
    parties = PartyNew(many=True, help_text="the organisations in it")
    party = s.CharField(max_length=40, help_text="key of the one that the caller acts for")
    scale = one_of(SCALES, required=False, help_text="the template of the criteria")
    template = one_of(
        (*CLASSIFICATIONS, NO_CLASSIFICATION),
        required=False,
        help_text="the classification that it starts with",
    )
    copy_of = s.CharField(
        required=False,
        max_length=60,
        help_text="slug of a register of the caller's whose criteria, axes and classifications it "
        "starts with, in place of scale and template",
    )
