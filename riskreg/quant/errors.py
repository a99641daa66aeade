"""Refusals of `riskreg.quant`.

Every refusal is a `ValueError` that names the argument, shows the value and says what would do.
Nothing is repaired silently: a correlation matrix that can't be one is refused, not replaced.
"""

from __future__ import annotations


class QuantError(ValueError):
    """Base of every refusal: `argument`, `value`, `problem` and `remedy` are kept apart.

    >>> raise InvalidRate("rate", -1.0, "is negative", "give events a year, 0 or more")
    Traceback (most recent call last):
        ...
    riskreg.quant.errors.InvalidRate: rate = -1.0 is negative; give events a year, 0 or more
    """

    def __init__(self, argument: str, value: object, problem: str, remedy: str) -> None:
        self.argument = argument
        self.value = value
        self.problem = problem
        self.remedy = remedy
        shown = repr(value)
        if len(shown) > 120:
            shown = shown[:117] + "..."
        super().__init__(f"{argument} = {shown} {problem}; {remedy}")

    def __reduce__(self) -> tuple[type[QuantError], tuple[str, object, str, str]]:
        # An exception that crosses a worker's boundary is pickled by its constructor's arguments.
        return type(self), (self.argument, self.value, self.problem, self.remedy)


class InvalidNumber(QuantError):
    """A number is missing, not a number, infinite, or of the wrong sign."""


class InvalidRange(QuantError):
    """The ends of a range are equal or the wrong way round, or the likely value is outside."""


class InvalidRate(QuantError):
    """A rate of events a year is negative, not a number, infinite or too large to simulate."""


class InvalidProbability(QuantError):
    """A probability is outside 0 … 1, or probabilities do not add up to 1."""


class InvalidCorrelation(QuantError):
    """A correlation matrix is not square, not symmetric, or not positive semi-definite."""


class InvalidPortfolio(QuantError):
    """A portfolio is empty, or refers to a driver or exposure that is not in it."""


class InvalidYears(QuantError):
    """The number of years asked for is below 1 or more than memory holds."""


class InvalidShape(QuantError):
    """An array has the wrong number of dimensions or entries."""


class InvalidChoice(QuantError):
    """A word is not one of those allowed."""


class SeverityOverflow(QuantError):
    """A loss is so uncertain that its mean or variance is beyond what a number can hold."""


class TooWide(QuantError):
    """A range is so wide that its mean hangs on values rarer than any simulation sees."""


class DuplicateName(QuantError):
    """Two things of one kind have the same name."""


class InvalidBudget(QuantError):
    """A budget is negative or not a number."""


class CyclicRequirement(QuantError):
    """Mitigations require one another in a circle."""


class OverlappingGroups(QuantError):
    """One mitigation stands in two groups that each allow only one."""


class Infeasible(QuantError):
    """The solver found no choice within the nodes it may look at."""


class NotIndependent(QuantError):
    """The exact method was asked for exposures that share a driver."""


class GridTooCoarse(QuantError):
    """The step of an FFT grid is too wide to tell small losses from none."""


class GridTooShort(QuantError):
    """An FFT grid ends before the tail of the distribution does."""


class MismatchedRuns(QuantError):
    """Two results or chunks do not belong to the same simulation."""
