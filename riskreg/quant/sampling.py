"""The draws behind `simulate`: which events happen in which simulated year, and how large.

Years are simulated in blocks of `BLOCK`. An exposure owns three streams of random numbers (places,
sizes, heights), seeded by the run's seed and the exposure's name alone and moved on by a fixed
stride for each block. Three things follow.

- Adding, removing or reordering exposures leaves the draws of the others as they were.
- A block is the same whoever computes it and when: chunks can be any groups of blocks.
- Alternatives share their random numbers. The events of a lower frequency are the first ones of
  the events of a higher one, in the same years and of the same size.

Cost grows with events: where a year has no event, nothing is drawn for it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.discrete import Bernoulli, poisson_quantile
from riskreg.quant.driver_values import DriverPlan, DriverValues
from riskreg.quant.errors import InvalidRate, MismatchedRuns, SeverityOverflow
from riskreg.quant.portfolio import Exposure, Portfolio

BLOCK = 2**16
"""Years in a block: small enough that its totals stay in the processor's cache."""

BATCH = 2**16
"""Events drawn at once, which bounds memory however high a rate is."""

_STRIDE = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""2^128 over the golden ratio: blocks start far apart and share no low bits. A power of two would
leave the low bits of the generator's state the same in every block, and blocks would correlate."""

_EXPOSURE, _DRIVER = 1, 2

Places = npt.NDArray[np.int64]
Batch = tuple[Places, Array]
# The years of some candidates for an event, and of which of them one happens; None: of all.
CandidateYears = tuple[Places, npt.NDArray[np.bool_] | None]


def hash_words_of_name(name: str) -> tuple[int, ...]:
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))


class Stream:
    """A generator that can be put at the start of any block in constant time."""

    def __init__(self, seed: int, key: tuple[int, ...]) -> None:
        self._bits = np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=key))
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def generator_at(self, block: int) -> np.random.Generator:
        self._bits.state = self._start
        self._bits.advance(block * _STRIDE % 2**128)
        return self._generator


class ChunkPlace(NamedTuple):
    """Which chunk of which run something is: number `chunk`, from 0, of `chunks`."""

    run: object
    chunk: int
    chunks: int


def blocks_of_chunk(years: int, index: int, chunks: int) -> range:
    """The blocks, from 0, of chunk `index` of `chunks`."""
    blocks = -(-years // BLOCK)
    return range(index * blocks // chunks, (index + 1) * blocks // chunks)


def require_each_chunk_of_one_run_once(places: Sequence[ChunkPlace]) -> None:
    """Raise `MismatchedRuns` where a chunk is missing, repeats, or is of another run."""
    if not places:
        raise MismatchedRuns("parts", places, "is empty", "give every chunk of the run")
    run, _, chunks = places[0]
    for place in places:
        if place.chunks != chunks or place.run != run:
            raise MismatchedRuns(
                "parts", place.chunk, "is a chunk of another run", "combine chunks of one run"
            )
    indices = [place.chunk for place in places]
    if sorted(indices) != list(range(chunks)):
        raise MismatchedRuns(
            "parts",
            indices,
            f"is not each of 0 … {chunks - 1} once",
            "give every chunk of the run once",
        )


@dataclass(frozen=True)
class _Streams:
    places: Stream
    sizes: Stream
    heights: Stream


class Sampler:
    """The draws of one portfolio under one seed. `period` sets apart the years of a path."""

    def __init__(self, portfolio: Portfolio, seed: int, period: int = 0) -> None:
        self.portfolio = portfolio
        self.plan = DriverPlan(portfolio)
        self._by_name = {d.name: d for d in portfolio.drivers}
        self._streams = {
            e.name: self._exposure_streams(e, seed, period) for e in portfolio.exposures
        }
        # A driver with one value for the whole path has it from no year in particular.
        self._drivers = [
            Stream(
                seed, (_DRIVER, 0 if d.persistence == 1 else period, *hash_words_of_name(d.name))
            )
            for d in portfolio.drivers
        ]

    @staticmethod
    def _exposure_streams(exposure: Exposure, seed: int, period: int) -> _Streams:
        key = (_EXPOSURE, period, *hash_words_of_name(exposure.name))
        return _Streams(*(Stream(seed, (*key, part)) for part in range(3)))

    def driver_values(
        self,
        block: int,
        size: int,
        given: Mapping[str, Array] | None = None,
        keep: Sequence[str] = (),
        held: dict[str, Array] | None = None,
    ) -> DriverValues:
        """Values of the drivers in each year of a block; `given` and `keep` as `DriverValues`."""

        def own(driver: int) -> Array:
            return self._drivers[driver].generator_at(block).standard_normal(size)

        return DriverValues(self.plan, size, own, given, keep, held)

    def hazards(self, exposure: Exposure, values: Mapping[str, Array]) -> Array | None:
        """Rate of the exposure's Poisson process in each year; None where drivers leave it alone.

        A chance p with the factor f of a range has the hazard -ln(1 - p f).
        """
        base: Array | float = exposure.frequency.hazard
        factor = self._multiplier(exposure, values, "frequency", factors=True)
        if factor is not None and exposure.probability is not None:
            base = -np.log1p(-np.minimum(exposure.probability * factor, 1 - 2.0**-53))
        elif factor is not None:
            base = base * factor
        other = self._multiplier(exposure, values, "frequency", factors=False)
        if other is not None:
            return checks.as_floats(base * other)
        return None if factor is None else checks.as_floats(base)

    def severity_multiplier(self, exposure: Exposure, values: Mapping[str, Array]) -> Array | None:
        """What drivers multiply the cost of an event with in each year; None where none does."""
        parts = [
            self._multiplier(exposure, values, "severity", factors=factors)
            for factors in (False, True)
        ]
        known = [part for part in parts if part is not None]
        if len(known) == 2:
            return known[0] * known[1]
        return known[0] if known else None

    def _drivers_of_bounded_factors_and_top(self, exposure: Exposure) -> tuple[list[str], float]:
        """Where only factors with an end move how often: their drivers, and how much more often
        than the exposure by itself its events can come. Else none, and 1.

        All events are drawn that can come, each with a mark of its own; in a year the share of them
        happens that the factors leave. A lower factor keeps a part of those that a higher one does.
        """
        links = [link for link in exposure.links if link.on == "frequency"]
        top = math.prod(self._by_name[link.driver].support[1] for link in links)
        if not links or any(link.form != "factor" for link in links) or not 0 < top < math.inf:
            return [], 1.0
        return [link.driver for link in links], top

    def _multiplier(
        self, exposure: Exposure, values: Mapping[str, Array], on: str, *, factors: bool
    ) -> Array | None:
        product: Array | None = None
        for link in exposure.links:
            if link.on != on or (link.form == "factor") != factors:
                continue
            factor = link.multipliers(self._by_name[link.driver], values[link.driver])
            product = factor if product is None else product * factor
        return product

    def events(
        self, exposure: Exposure, block: int, size: int, values: DriverValues
    ) -> Iterator[Batch]:
        """Batches of (year within the block, signed loss), in an order that never changes."""
        streams = self._streams[exposure.name]
        sizes = streams.sizes.generator_at(block)
        severity = exposure.severity
        scale = self.severity_multiplier(exposure, values)
        factors, top = self._drivers_of_bounded_factors_and_top(exposure)
        hazards = None if factors else self.hazards(exposure, values)
        often = exposure
        if factors:
            rest = tuple(link for link in exposure.links if link.on != "frequency")
            often = replace(exposure, links=rest).more_often(top)
        marks = streams.heights.generator_at(block) if factors else None
        for years, kept in _candidate_years(often, streams, block, size, hazards):
            losses = severity.sample(sizes, years.size)
            if marks is not None:
                share = values.values_at(factors[0], years)
                for name in factors[1:]:
                    share = share * values.values_at(name, years)
                happens = marks.random(years.size) < share / top
                kept = happens if kept is None else kept & happens
            if kept is not None:
                years, losses = years[kept], losses[kept]
            if scale is not None:
                losses = losses * scale[years]
            if exposure.sign < 0:
                losses = -losses
            yield years, losses

    def add(
        self, exposure: Exposure, block: int, size: int, values: DriverValues, total: Array
    ) -> None:
        """Add the losses of one exposure to the years of a block, shape (size,).

        Raises `SeverityOverflow` when a year becomes too large for a number.
        """
        self.add_to(exposure, block, size, values, [total], ())

    def add_to(
        self,
        exposure: Exposure,
        block: int,
        size: int,
        values: DriverValues,
        totals: Sequence[Array],
        happened: Sequence[npt.NDArray[np.bool_]],
        kept: list[Batch] | None = None,
    ) -> None:
        """As `add`, to each of `totals`; `happened` are set where an event comes, and the events
        themselves are put into `kept`."""
        with np.errstate(over="ignore", invalid="ignore"):
            for places, amounts in self.events(exposure, block, size, values):
                if kept is not None:
                    kept.append((places, amounts))
                for total in totals:
                    np.add.at(total, places, amounts)
                for marks in happened:
                    marks[places] = True
        if not all(np.isfinite(total).all() for total in totals):
            raise SeverityOverflow(
                "portfolio",
                self.portfolio.names,
                f"has a year whose loss from {exposure.name} on is too large for a number",
                "narrow the ranges or use a larger unit of money",
            )


def _candidate_years(
    exposure: Exposure, streams: _Streams, block: int, size: int, hazards: Array | None
) -> Iterator[CandidateYears]:
    """Batches of candidate years with a mask of those in which the event happens (None: all).

    An exposure with a probability p is a Poisson process with hazard -ln(1 - p) of which only the
    first event in a year counts, so that a smaller p keeps a subset of the events of a larger one.
    """
    once = isinstance(exposure.frequency, Bernoulli)
    hazard = exposure.frequency.hazard
    if hazard == 0 or (hazards is not None and not hazards.any()):
        return
    candidates = (
        _candidates_that_all_happen(streams, block, size, hazard)
        if hazards is None
        else _candidates_and_which_happen_by_rate(streams, block, size, hazards)
    )
    if not once:
        yield from candidates
        return
    seen = np.zeros(size, dtype=bool)
    first = np.empty(size, dtype=np.int64)
    for years, kept in candidates:
        order = np.arange(years.size)
        rows = order if kept is None else order[kept]
        # Written backwards, what stays for a year is the earliest candidate.
        first[years[rows[::-1]]] = rows[::-1]
        fresh = np.zeros(years.size, dtype=bool)
        fresh[rows] = (first[years[rows]] == rows) & ~seen[years[rows]]
        seen[years[rows]] = True
        yield years, fresh
        if math.isinf(hazard) and seen.all():
            return


def _candidates_that_all_happen(
    streams: _Streams, block: int, size: int, hazard: float
) -> Iterator[CandidateYears]:
    """All candidates happen; their number is one Poisson draw by inversion, rising with hazard."""
    places = streams.places.generator_at(block)
    uniform = places.random()
    if math.isinf(hazard):
        while True:
            yield places.integers(0, size, BATCH), None
    count = poisson_quantile(uniform, hazard * size)
    for start in range(0, count, BATCH):
        yield places.integers(0, size, min(BATCH, count - start)), None


def _candidates_and_which_happen_by_rate(
    streams: _Streams, block: int, size: int, hazards: Array
) -> Iterator[CandidateYears]:
    """Candidates have heights, the points of a Poisson process of `size` a unit of height; one
    happens when its height is below the hazard of its year (Lewis and Shedler 1979, thinning)."""
    places, heights = streams.places.generator_at(block), streams.heights.generator_at(block)
    places.random()
    top, reached = float(hazards.max()), 0.0
    if not top <= checks.MAX_RATE:
        raise InvalidRate(
            "links", top, "is the rate of a year that a driver makes too large", "bound the driver"
        )
    while True:
        steps = heights.standard_exponential(BATCH)
        steps /= size
        steps[0] += reached
        levels = np.cumsum(steps)
        count = int(np.searchsorted(levels, top))
        years = places.integers(0, size, count)
        yield years, levels[:count] < hazards[years]
        if count < BATCH:
            return
        reached = float(levels[-1])
