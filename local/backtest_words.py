"""What a backtest found, as words: tables, sentences that say who is better off, and plain data for scripts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape

from domain.backtest import NIGHT_BEGINS, NIGHT_ENDS, Tally
from domain.due import TARGET_WORDS
from domain.messages import CHANNEL_WORDS
from domain.simulation import MOST_LINES
from domain.view_time import rfc3339
from local import show
from local.backtest import Result

STALE = "acknowledge_timeout"

Row = Sequence[str]


def target_words(name: str) -> str:
    """A target as people call it."""
    return "acknowledged, then nothing" if name == STALE else TARGET_WORDS.get(name, name)


def show_result(labels: Sequence[str], found: Result, names: Mapping[str, str]) -> None:
    """Tables, policies side by side: each with its difference to the first."""
    tallies = found.tallies
    heads = [escape(label) for label in labels]
    show.table(("", *heads), _overview(tallies), "")
    people = [tally.people for tally in tallies]
    show.table(("messages to", *heads), _by_key(people, names), "nobody is told anything")
    show.table((f"woken {NIGHT_BEGINS}–{NIGHT_ENDS} h", *heads), _nights(tallies, names), "nobody is woken at night")
    show.table(("hour (their clock)", *heads), _hours(tallies), "")
    for sentence in sentences(labels, found):
        show.console().print(escape(sentence))


def _overview(tallies: Sequence[Tally]) -> Iterator[Row]:
    yield _row("tickets", (one.tickets for one in tallies))
    yield _row("messages", (one.messages for one in tallies))
    for audience, channel in sorted({key for one in tallies for key in one.sent}, reverse=True):
        name = f"  {CHANNEL_WORDS[channel]} to {audience}"
        yield _row(name, (one.sent[audience, channel] for one in tallies))
    yield _row("to the last resort", (one.last_resort for one in tallies))
    yield _row("climbs", (one.climbs for one in tallies))
    yield _row("nobody on duty", (one.nobody for one in tallies))
    yield _row("tickets with a target missed", (one.missed_any for one in tallies))
    for target in sorted({target for one in tallies for target in one.missed}):
        yield _row(f"  {target_words(target)}", (one.missed[target] for one in tallies))
    yield _row("people woken at night", (len(one.nights_woken) for one in tallies))
    yield _row("  nights, over all people", (len(one.nights) for one in tallies))
    yield _row("  messages at night", (one.nights.total() for one in tallies))
    for code in sorted({code for one in tallies for code in one.refused}):
        yield _row(f"refused: {code}", (one.refused[code] for one in tallies))


def _row(name: str, counts: Iterable[int]) -> Row:
    return (escape(name), *_beside(list(counts)))


def _beside(counts: Sequence[int], unit: str = "") -> list[str]:
    """`1,320`, `1,200 (-120)`: what all but the first differ by stands behind them."""
    first, *others = (_counted(one, unit) for one in counts)
    differences = [one - counts[0] for one in counts[1:]]
    return [first, *(f"{one} ({by:+,})" if by else one for one, by in zip(others, differences, strict=True))]


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit if count != 1 else unit.removesuffix('s')}".strip()


def _by_key(counts: Sequence[Mapping[str, int]], names: Mapping[str, str]) -> Iterator[Row]:
    keys = {key for count in counts for key in count}
    for key in sorted(keys, key=lambda key: (-max(count.get(key, 0) for count in counts), key)):
        yield (escape(names.get(key, key)), *_beside([count.get(key, 0) for count in counts]))


def _nights(tallies: Sequence[Tally], names: Mapping[str, str]) -> Iterator[Row]:
    """Nights of each person, and the messages of those nights."""
    nights = [tally.nights_woken for tally in tallies]
    messages = [_by_person(tally) for tally in tallies]
    keys = {key for count in nights for key in count}
    for key in sorted(keys, key=lambda key: (-max(count[key] for count in nights), key)):
        cells = _beside([count[key] for count in nights], "nights")
        said = zip(cells, messages, strict=True)
        yield (escape(names.get(key, key)), *(f"{cell}, {_counted(count[key], 'messages')}" for cell, count in said))


def _by_person(tally: Tally) -> Counter[str]:
    found: Counter[str] = Counter()
    for (person, _), count in tally.nights.items():
        found[person] += count
    return found


def _hours(tallies: Sequence[Tally]) -> Iterator[Row]:
    for hour in range(24):
        yield (f"{hour:02}", *_beside([tally.hours["responders", hour] for tally in tallies]))


def sentences(labels: Sequence[str], found: Result) -> Iterator[str]:
    """What it comes to, one sentence for each thing that differs; and what to know before believing it."""
    first, *others = zip(labels, found.tallies, strict=True)
    if not others:
        yield f"{first[0]} wakes {_people(first[1])}."
    for other in others:
        yield from _compared(first, other)
    cut = max(tally.cut for tally in found.tallies)
    if cut:
        yield f"{cut:,} tickets went on beyond {MOST_LINES} lines and were counted up to there."
    refused = max(tally.refused.total() for tally in found.tallies)
    if refused:
        yield f"{refused:,} times somebody did what a policy does not allow at that moment; it was left out."


def _compared(first: tuple[str, Tally], other: tuple[str, Tally]) -> Iterator[str]:
    (a, before), (b, after) = first, other
    more = after.messages - before.messages
    yield f"{b} sends {_more(more, 'message', 'messages')} than {a}." if more else f"{b} sends as many messages as {a}."
    yield f"{b} wakes {_people(after)}, {a} {_people(before)}{_fewer_nights(len(after.nights) - len(before.nights))}."
    differ = [name for name in sorted({*before.missed, *after.missed}) if before.missed[name] != after.missed[name]]
    if not differ:
        yield f"{b} misses as many of each target as {a}."
    for name in differ:
        yield _missed(b, name, after.missed[name] - before.missed[name])


def _missed(label: str, name: str, by: int) -> str:
    if name == STALE:
        return f"{label} has {_more(by, 'acknowledgement', 'acknowledgements')} that nothing followed in time."
    words = target_words(name)
    target = f"'{words}'" if " " in words else words
    return f"{label} misses {_more(by, f'{target} target', f'{target} targets')}."


def _more(by: int, one: str, many: str) -> str:
    return f"{abs(by):,} {one if abs(by) == 1 else many} {'more' if by > 0 else 'fewer'}"


def _people(tally: Tally) -> str:
    people, nights = len(tally.nights_woken), len(tally.nights)
    if not people:
        return "nobody"
    return f"{people:,} {'person' if people == 1 else 'people'} on {nights:,} {'night' if nights == 1 else 'nights'}"


def _fewer_nights(by: int) -> str:
    return f": {_more(by, 'night', 'nights')}" if by else ": as many nights"


def about(found: Result) -> str:
    """Which tickets were played: `1,234 tickets opened from 2026-01-05 to 2026-07-03, 3 faulty lines left out`."""
    days = f"{found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}" if found.first and found.last else "–"
    left_out = f", {found.faulty:,} faulty {'line' if found.faulty == 1 else 'lines'} left out" if found.faulty else ""
    return f"{found.tickets:,} {'ticket' if found.tickets == 1 else 'tickets'} opened from {days}{left_out}"


def as_data(labels: Sequence[str], found: Result) -> dict[str, Any]:
    """The counts for scripts; people by id, everything sorted."""
    return {
        "tickets": found.tickets,
        "first_opened_at": rfc3339(found.first),
        "last_opened_at": rfc3339(found.last),
        "faulty_lines": found.faulty,
        "policies": {label: _tally(tally) for label, tally in zip(labels, found.tallies, strict=True)},
    }


def _tally(tally: Tally) -> dict[str, Any]:
    by_person = _by_person(tally)
    return {
        "tickets": tally.tickets,
        "messages": tally.messages,
        "sent": {f"{channel} to {audience}": count for (audience, channel), count in sorted(tally.sent.items())},
        "by_person": _sorted(tally.people),
        "by_hour": {
            audience: [tally.hours[audience, hour] for hour in range(24)] for audience in ("responders", "customers")
        },
        "missed": _sorted(tally.missed),
        "tickets_with_a_target_missed": tally.missed_any,
        "climbs": tally.climbs,
        "nobody_on_duty": tally.nobody,
        "to_the_last_resort": tally.last_resort,
        "refused": _sorted(tally.refused),
        "cut": tally.cut,
        "woken": {
            person: {"nights": nights, "messages": by_person[person]}
            for person, nights in sorted(tally.nights_woken.items())
        },
    }


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
