"""What many new risks name of their register, checked once for each value and not for each risk.

Ten thousand rows of a file name a few people and terms over and over.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text, is_storable
from riskreg.register.access import Viewer
from riskreg.register.common_fields import EXTERNAL_ID
from riskreg.register.models import Party
from riskreg.risks.models import Risk
from riskreg.risks.services.cleaning import clean_fields
from riskreg.risks.services.crossing import Transfer, check_no_transfer_needs_yes

# More external ids than these cost more to ask for by name than all of a party's.
_ASKED_BY_NAME = 500


class Lookups:
    """Answers of the services, kept: ``clean`` is ``clean_fields``, and
    ``check_no_transfer_needs_yes`` that of ``crossing``, for risks of which ``external_ids``
    are all that are named."""

    names = ("owner", "deputy", "terms", "objectives")

    def __init__(self, actor: Viewer, external_ids: Collection[str]) -> None:
        self.actor = actor
        self._known: dict[tuple[Any, ...], tuple[Any, Errors]] = {}
        self._given_out: set[str] = set()
        self._taken: set[str | None] = set()
        if external_ids:
            ours = Risk.objects.visible_to(actor).filter(party=actor.party)
            wanted = [one for one in external_ids if is_storable(one)]
            by_name = len(wanted) <= _ASKED_BY_NAME
            ours = ours.filter(external_id__in=wanted) if by_name else ours
            ours = ours.exclude(external_id=None)
            self._taken.update(ours.values_list("external_id", flat=True))

    def note_external_id_taken(self, external_id: str | None) -> None:
        """A risk that is called so will be there when the next one is made."""
        if external_id:
            self._given_out.add(external_id)

    def is_valid_and_untaken_external_id(self, external_id: Any) -> bool:
        """Whether an external id can be kept as it stands, and names nothing yet."""
        text = _external_id_or_empty(external_id)
        taken = text in self._taken or text in self._given_out
        return bool(text) and text == external_id and not taken

    def look_up(self, errors: Errors, given: Mapping[str, Any], visibility: str) -> dict[str, Any]:
        """What ``given`` names, as rows; what is wrong with it is noted as its service says it."""
        assert self.actor.party is not None  # noqa: S101 - who makes risks acts for a party
        found: dict[str, Any] = {}
        for name in self.names:
            if name not in given:
                continue
            key = (name, _cache_key_of(given[name]), visibility)
            if key not in self._known:
                own = Errors()
                alone = clean_fields(
                    own,
                    self.actor,
                    {name: given[name]},
                    party=self.actor.party,
                    visibility=visibility,
                )
                self._known[key] = (alone.get(name), own)
            found[name] = self._answer_and_note_errors(errors, key)
        return found

    def clean(
        self,
        errors: Errors,
        actor: Viewer,
        given: Mapping[str, Any],
        *,
        party: Party,
        visibility: str,
    ) -> dict[str, Any]:
        """As ``clean_fields``; an id of a risk before it (``note_external_id_taken``) is noted as
        taken."""
        rest = {name: value for name, value in given.items() if name not in self.names}
        external_id = rest.get("external_id")
        free = self.is_valid_and_untaken_external_id(external_id)
        if free:
            # Anything else is checked by the service, in its words.
            del rest["external_id"]
        elif _external_id_or_empty(external_id) in self._given_out:
            errors.add("external_id", "taken", _("This external id is taken already."))
        found = clean_fields(errors, actor, rest, party=party, visibility=visibility)
        if free:
            found["external_id"] = external_id
        return found | self.look_up(errors, given, visibility)

    def check_no_transfer_needs_yes(
        self, errors: Errors, actor: Viewer, transfers: Sequence[Transfer]
    ) -> None:
        """As ``crossing.check_no_transfer_needs_yes``."""
        people = tuple(
            (transfer.part, transfer.taker and transfer.taker.pk) for transfer in transfers
        )
        key = ("moves", people, transfers[0].risk.visibility if transfers else "")
        if key not in self._known:
            own = Errors()
            check_no_transfer_needs_yes(own, actor, transfers)
            self._known[key] = (None, own)
        self._answer_and_note_errors(errors, key)

    def _answer_and_note_errors(self, errors: Errors, key: tuple[Any, ...]) -> Any:
        answer, own = self._known[key]
        if own.fields:
            errors.merge(Invalid(own.fields))
        return answer


def _external_id_or_empty(external_id: Any) -> str:
    return clean_text(Errors(), "external_id", external_id, limit=EXTERNAL_ID.limit, one_line=True)


def _cache_key_of(value: Any) -> Any:
    """What tells one value from another; people of one name are two."""
    if isinstance(value, User):
        return ("person", value.pk)
    return value if isinstance(value, str) else repr(value)
