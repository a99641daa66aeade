"""The levels of one objective along the paths of one block, year by year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import Distribution, at_scores
from riskreg.quant.drivers import Driver
from riskreg.quant.objectives import Flags, Hit, Lift, ObjectiveModel
from riskreg.quant.sampling import Stream, hash_words_of_name

_OBJECTIVE = 3
_GROWTH, _FACTOR = 0, 1


class ObjectivePaths:
    """Add the years of a block in turn by `add_year`; then `levels`, `met`, `met_without`.

    `works_from` says in which year each mitigation begins.
    """

    def __init__(
        self,
        model: ObjectiveModel,
        years: tuple[int, ...],
        works_from: Mapping[str, int],
        seed: int,
        block: int,
        size: int,
    ) -> None:
        self.model, self._years, self._block, self._size = model, years, block, size
        self._seed = seed
        self._works_from = works_from
        self.levels = np.empty((len(years), size))
        self._grown = np.ones(size)
        self._reached = model.start_year
        self._growth = 1 + self._draw(model.growth, (_GROWTH, 0)) if model.steady else None
        self._lasts = {h.exposure: np.zeros(size, dtype=np.int64) for h in model.hits}
        self._factors = {h.exposure: self._drawn_factor(h.exposure, h.factor) for h in model.hits}
        self._factors |= {
            x.mitigation: self._drawn_factor(x.mitigation, x.factor) for x in model.lifts
        }
        self.met = np.zeros(size, dtype=bool)
        self.met_baseline = np.zeros(size, dtype=bool)
        self.met_without: dict[str, Flags] = {}

    def _draw(self, distribution: Distribution, key: tuple[int, ...]) -> Array:
        stream = Stream(self._seed, (_OBJECTIVE, *hash_words_of_name(self.model.name), *key))
        return at_scores(distribution, stream.generator_at(self._block).standard_normal(self._size))

    def _drawn_factor(self, name: str, factor: float | Distribution) -> Array | float:
        if isinstance(factor, Distribution):
            return self._draw(factor, (_FACTOR, *hash_words_of_name(name)))
        return factor

    def add_year(
        self,
        k: int,
        drivers: Mapping[str, Driver],
        values: Mapping[str, Array],
        happened: Mapping[str, Flags],
    ) -> None:
        """The `k`-th year: `values` of the drivers, and in which paths an event of each exposure
        came."""
        year = self._years[k]
        while self._reached < year:
            self._reached += 1
            growth = self._growth
            if growth is None:
                growth = 1 + self._draw(self.model.growth, (_GROWTH, self._reached))
            self._grown = self._grown * growth
        level = self.model.start * self._grown
        for term in self.model.drivers:
            centre = drivers[term.driver].reference_value
            level = level * (values[term.driver] / centre) ** term.elasticity
        moved = {
            hit.exposure: self._factors_of_hit_renewed_by_events(hit, happened[hit.exposure])
            for hit in self.model.hits
        }
        lifted = {lift.mitigation: self._factors_of_lift(lift, year) for lift in self.model.lifts}
        everything = _multiplied_by_all(level, {**moved, **lifted})
        self.levels[k] = everything
        if year != self.model.objective.due:
            return
        met = self.model.objective.met
        self.met = met(everything)
        self.met_baseline = met(_multiplied_by_all(level, lifted))
        for name in (*moved, *lifted):
            others = {n: f for n, f in {**moved, **lifted}.items() if n != name}
            self.met_without[name] = met(_multiplied_by_all(level, others))

    def _factors_of_hit_renewed_by_events(self, hit: Hit, happened: Flags) -> Array:
        lasts = self._lasts[hit.exposure]
        lasts[happened] = hit.years or len(self._years)
        factor = np.where(lasts > 0, self._factors[hit.exposure], 1.0)
        np.maximum(lasts - 1, 0, out=lasts)
        return factor

    def _factors_of_lift(self, lift: Lift, year: int) -> Array | float:
        begins = self._works_from.get(lift.mitigation)
        if begins is None or year < begins + lift.delay:
            return 1.0
        return self._factors[lift.mitigation]


def _multiplied_by_all(level: Array, factors: Mapping[str, Array | float]) -> Array:
    for factor in factors.values():
        level = level * factor
    return checks.as_floats(level)
