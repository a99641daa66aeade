"""The drivers' values in the years of one block, drawn when they are asked for.

A register of five hundred risks has a driver of its own for the range of each frequency. Drawn all
at once they would fill a quarter of a gigabyte a block; drawn when their exposure's turn comes, and
kept only when another needs them too, they take the room of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from riskreg.quant.checks import Array
from riskreg.quant.drivers import Driver
from riskreg.quant.portfolio import Portfolio


class Scores(Protocol):
    """Where a driver's own standard normal scores come from: its place among the drivers."""

    def __call__(self, driver: int) -> Array: ...


class DriverPlan:
    """What of a portfolio's drivers is fixed for all blocks: places, ties, who is shared."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.drivers: tuple[Driver, ...] = portfolio.drivers
        self.place = {d.name: k for k, d in enumerate(portfolio.drivers)}
        factor = portfolio.correlation_factor() if portfolio.correlation is not None else None
        self.rows: list[list[tuple[int, float]]] = [
            [(k, 1.0)]
            if factor is None
            else [(j, float(factor[k, j])) for j in range(k + 1) if factor[k, j] != 0]
            for k in range(len(self.drivers))
        ]
        self.tied = {j for k, row in enumerate(self.rows) if row != [(k, 1.0)] for j, _ in row}
        users: dict[str, int] = {}
        for exposure in portfolio.exposures:
            for name in {link.driver for link in exposure.links}:
                users[name] = users.get(name, 0) + 1
        self.shared = {name for name, count in users.items() if count > 1}

    def is_one_value_along_path(self, name: str) -> bool:
        """Whether a driver has one value along a path that hangs on no other driver's."""
        place = self.place[name]
        return self.drivers[place].persistence == 1 and place not in self.tied


class DriverValues(Mapping[str, Array]):
    """Values by name of driver, shape (size,)."""

    def __init__(
        self,
        plan: DriverPlan,
        size: int,
        own: Scores,
        given: Mapping[str, Array] | None = None,
        keep: Sequence[str] = (),
        held: dict[str, Array] | None = None,
    ) -> None:
        """`given`: scores known already, those of a path; `keep`: values asked for again later;
        `held`: a store for the scores of drivers that are one value along a path."""
        self._held = held
        self._plan, self._size, self._own = plan, size, own
        self._given = dict(given or {})
        self._keep = {*plan.shared, *keep}
        self._drawn: dict[int, Array] = {}
        self._values: dict[str, Array] = {}

    def __len__(self) -> int:
        return len(self._plan.drivers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.place)

    def __getitem__(self, name: str) -> Array:
        if name in self._values:
            return self._values[name]
        driver = self._plan.drivers[self._plan.place[name]]
        values = driver.values(self.normal_scores(name))
        if name in self._keep:
            self._values[name] = values
        return values

    def values_at(self, name: str, places: npt.NDArray[np.int64]) -> Array:
        """Values at some of the years only, which saves working out the others."""
        if name in self._values or name in self._keep:
            return self[name][places]
        driver = self._plan.drivers[self._plan.place[name]]
        return driver.values(self.normal_scores(name)[places])

    def normal_scores(self, name: str) -> Array:
        """Standard normal scores of one driver, correlated with those of the others."""
        if name in self._given:
            return self._given[name]
        if self._held is None or not self._plan.is_one_value_along_path(name):
            return self._mixed_scores(name)
        if name not in self._held:
            self._held[name] = self._mixed_scores(name)
        return self._held[name]

    def _mixed_scores(self, name: str) -> Array:
        row = self._plan.rows[self._plan.place[name]]
        if len(row) == 1 and row[0][1] == 1:
            return self._draw(row[0][0])
        # Term by term, in fixed order: a matrix product may sum in another order on another
        # machine, and an added driver must not disturb the earlier ones.
        mixed = np.zeros(self._size)
        for place, factor in row:
            mixed += factor * self._draw(place)
        return mixed

    def _draw(self, place: int) -> Array:
        if place in self._drawn:
            return self._drawn[place]
        scores = self._own(place)
        if place in self._plan.tied:
            self._drawn[place] = scores
        return scores
