"""What another ladder does to reminders: more of them, fewer, or other ones. Pure functions."""

from collections.abc import Sequence

from riskreg.duties.policy.ladder import Rung
from riskreg.register.change_policy import Difference, Effect


def ladder_differences(before: Sequence[Rung], after: Sequence[Rung]) -> list[Difference]:
    """The rungs that would be different, by their day.

    A ladder is stricter if whoever is reminded now is reminded on the same day too, or earlier
    where that day is after the due date; and each rung counts once, so that two are not made one. A
    reminder before the due date that moves away from it is another reminder, not an earlier one: a
    word a year before is none. Where a ladder is not stricter as a whole, a rung that goes or does
    less is looser, and one that is new different.
    """
    old = {rung.offset_days: rung for rung in before}
    new = {rung.offset_days: rung for rung in after}
    days = [day for day in sorted(old | new) if old.get(day) != new.get(day)]
    if is_after_as_strict(before, after):
        return [
            Difference("rung", day, old.get(day), new.get(day), Effect.STRENGTHENS) for day in days
        ]
    return [
        Difference("rung", day, old.get(day), new.get(day), _effect(old.get(day), new.get(day)))
        for day in days
    ]


def is_after_as_strict(before: Sequence[Rung], after: Sequence[Rung]) -> bool:
    """Whether each rung of ``before`` has one of its own in ``after`` that does no less."""
    places = [
        [place for place, other in enumerate(after) if _other_reminds_no_less(rung, other)]
        for rung in before
    ]
    taken: dict[int, int] = {}

    def find_place(n: int, tried: set[int]) -> bool:
        for place in places[n]:
            if place in tried:
                continue
            tried.add(place)
            if place not in taken or find_place(taken[place], tried):
                taken[place] = n
                return True
        return False

    return all(find_place(n, set()) for n in range(len(before)))


def _other_reminds_no_less(rung: Rung, other: Rung) -> bool:
    """Whether ``other`` reminds everybody that ``rung`` does, as well, and no later."""
    in_time = (
        0 <= other.offset_days <= rung.offset_days
        if rung.offset_days > 0
        else other.offset_days == rung.offset_days
    )
    return in_time and _reaches_no_more(rung, other)


def _reaches_no_more(rung: Rung, other: Rung) -> bool:
    return (
        set(rung.tells) <= set(other.tells)
        and set(rung.users) <= set(other.users)
        and set(rung.channels) <= set(other.channels)
        and rung.interrupts <= other.interrupts
    )


def _effect(old: Rung | None, new: Rung | None) -> Effect:
    """Of one rung in a ladder that is not stricter as a whole."""
    if new is None:
        return Effect.WEAKENS
    if old is None:
        return Effect.MOVES
    return Effect.STRENGTHENS if _reaches_no_more(old, new) else Effect.WEAKENS
