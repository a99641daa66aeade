"""What somebody is to a risk that they are told of, in the reader's language."""

from django.utils.translation import pgettext

from riskreg.reminders import policy


def recipient_part_labels() -> dict[str, str]:
    """What somebody is to a risk that they are told of."""
    return {
        policy.AS_OWNER: pgettext("ladder", "owner"),
        policy.AS_DEPUTY: pgettext("ladder", "deputy"),
        policy.AS_MANAGER: pgettext("ladder", "manager"),
        policy.AS_LEADER: pgettext("ladder", "leader"),
        policy.AS_NAMED: pgettext("ladder", "named by the ladder"),
        policy.FOR_AWAY: pgettext("ladder", "for somebody who is away"),
        policy.STANDING_IN: pgettext("ladder", "as nobody who answers for it is here"),
    }
