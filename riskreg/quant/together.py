"""Several states of one portfolio simulated together, before and after mitigations.

Random numbers are common to them, so an exposure that is the same in two states has the same events
in both: they are drawn once and added to each. The losses of each state are, to the bit, what they
would be alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from riskreg.quant.checks import Array
from riskreg.quant.driver_values import DriverValues
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.sampling import Sampler

Flags = npt.NDArray[np.bool_]
# States by their places, those in which something is the same together.
StateGroups = list[list[int]]


def exposure_differs(a: Exposure, b: Exposure, before: Portfolio, after: Portfolio) -> bool:
    """Whether an exposure or a driver that moves it is another one in another state."""
    if a != b:
        return True
    names = {link.driver for link in a.links}
    drivers = [{d.name: d for d in p.drivers if d.name in names} for p in (before, after)]
    return drivers[0] != drivers[1]


def state_groups_for_each_exposure(states: Sequence[Portfolio]) -> list[StateGroups]:
    """For each exposure in turn the states (their places) grouped by those in which it is the
    same."""
    result = []
    for exposures in zip(*(p.exposures for p in states), strict=True):
        groups: list[list[int]] = []
        for k, exposure in enumerate(exposures):
            for group in groups:
                one = group[0]
                if not exposure_differs(exposures[one], exposure, states[one], states[k]):
                    group.append(k)
                    break
            else:
                groups.append([k])
        result.append(groups)
    return result


def add_losses_of_block(
    samplers: Sequence[Sampler],
    groups_for_each_exposure: Sequence[StateGroups],
    block: int,
    size: int,
    values: Sequence[DriverValues],
    totals: Sequence[Array],
    happened: Sequence[Mapping[str, Flags]],
) -> None:
    """Add the losses of a block to each state's total, exposure by exposure."""
    for k, groups in enumerate(groups_for_each_exposure):
        for group in groups:
            one = group[0]
            exposure = samplers[one].portfolio.exposures[k]
            marks = [
                happened[state][exposure.name]
                for state in group
                if exposure.name in happened[state]
            ]
            samplers[one].add_to(
                exposure, block, size, values[one], [totals[state] for state in group], marks
            )
