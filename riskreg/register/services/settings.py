"""Changes to a register's settings."""

import datetime as dt
import zoneinfo
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Register
from riskreg.register.permissions import require


@transaction.atomic
def set_time_zone(*, actor: Viewer, time_zone: Any, seen: str, at: dt.datetime) -> Register:
    """Move the register to another IANA zone; ``seen`` is the one the actor decided by.

    Due dates stay the days that they are (I1): only which day it is today, and so what is late,
    follows the new zone. Nothing is recorded where it is the zone already. Raises ``Forbidden``,
    ``Conflict`` where somebody else has moved it since, ``Invalid`` for an unknown zone.
    """
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    if register.time_zone != seen:
        raise Conflict(
            _("The time zone was changed meanwhile; it is now %(zone)s.")
            % {"zone": register.time_zone},
            register,
        )
    if not isinstance(time_zone, str) or time_zone not in zoneinfo.available_timezones():
        raise Invalid.one("time_zone", "unknown", _("There is no time zone of that name."))
    if time_zone == register.time_zone:
        return register
    register.time_zone = time_zone
    register.save(update_fields=["time_zone"])
    append(
        actor.entry("register.zone_changed", register, at=at, changes={"zone": [seen, time_zone]})
    )
    return register
