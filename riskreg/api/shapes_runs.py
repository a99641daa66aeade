"""The shape of what every run that is asked for can be told, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.policy.buying import HORIZON, LEAST_HORIZON, MOST_HORIZON
from riskreg.analysis.policy.simulations import LEAST_YEARS, MOST_YEARS
from riskreg.api.core.shape_fields import one_of
from riskreg.register.visibility import Visibility


class RunSettings(s.Serializer[Any]):
    audience = one_of(
        Visibility.values,
        required=False,
        help_text="`shared`: what every party sees; `party`: the caller's own as well; if not sent "
        "`shared`, or as the decision is that is weighed",
    )
    years = s.IntegerField(
        min_value=LEAST_YEARS, max_value=MOST_YEARS, required=False, help_text="100,000 if not sent"
    )
    seed = s.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, help_text="1 if not sent"
    )
    horizon = s.IntegerField(
        min_value=LEAST_HORIZON,
        max_value=MOST_HORIZON,
        required=False,
        help_text=f"how many years mitigations work; {HORIZON} if not sent",
    )
