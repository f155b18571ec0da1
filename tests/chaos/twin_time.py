"""What time does to the twin: when the next thing is due, and what it does then.

At the same instant: the end of a pause, breaches (all of that instant together), steps and everything like them, warnings.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.chaos.twin import (
    A_DAY,
    AFTER_CLOSING,
    BREACH,
    CLIMBS,
    OF_THE_ENTRY,
    PAUSE,
    STEP,
    SYSTEM,
    WARNING,
    Clock,
    Due,
    Message,
    Shout,
    Told,
    Twin,
    line,
)
from tests.chaos.twin_deeds import end_closed, end_pause

KNOWN_BEFORE = ("no_address",)  # a message that could not go out when it was made


def next_due(twin: Twin) -> Due | None:
    """What comes next by itself; what is past counts as due now."""
    dues = _dues(twin) if twin.live else ()
    return min(dues, key=lambda due: (max(due.at, twin.now), due.rank, due.at, due.percent), default=None)


def fire(twin: Twin, due: Due) -> None:
    """Let it happen."""
    twin.now = max(due.at, twin.now)
    if due.kind == "breach":
        _breach(twin, [one for one in _dues(twin) if one.kind == "breach" and max(one.at, twin.now) == twin.now])
    elif due.kind == "warning" and due.clock is not None:
        _warn(twin, due.clock, due.percent)
    elif due.kind == "shout" and due.shout is not None:
        _shout(twin, due.shout)
    else:
        _BY_ITSELF[due.kind](twin, twin.true_time(due.at))


def answered(twin: Twin, person: str | None) -> None:
    """The roster has said who is on duty for the step asked longest ago."""
    told = twin.asked.popleft()
    told.answered = True
    if person is None:
        twin.lines.append(line("nobody_on_duty", selector=told.selector))
        _nobody(twin, told)
        return
    told.person = person
    channels = twin.steps[told.step].channels
    told.keys = twin.everything_to(person, "step", channels, told.step, told.round, told.due)


def failed(twin: Twin, key: str, code: str | None = None) -> None:
    """A message has failed for good: its next channel, or the next step when no channel of this one is left."""
    message = twin.messages[key]
    twin.lines.append(line("delivery_failed", key=key))
    if message.fallbacks and (twin.live or message.kind in AFTER_CLOSING):
        _next_channel(twin, message.key)
    elif message.kind == "low_score" and message.person != twin.policy.last_resort:
        _low_score_to_last_resort(twin, message)
    elif message.person is None and twin.live:
        _customer_unreached(twin, message)
    told = next((one for one in twin.tells if key in one.keys), None)
    if told is None or key in told.failed:
        return
    told.failed.add(key)
    if told.reaches or twin.status != "open":
        return
    if not any(one.reaches and one.person == told.person for one in twin.tells):
        twin.told = [one for one in twin.told if one != told.person]
    _next_step_now(twin, told, message.made if code in KNOWN_BEFORE else twin.now)


def _next_channel(twin: Twin, key: str) -> None:
    """The same message on the next channel: of the same entry and round, whatever the case has come to meanwhile."""
    before = twin.messages[key]
    channel, *rest = before.fallbacks
    entry, twin.entry = twin.entry, before.entry
    twin.message(before.kind, channel, before.person, before.step, before.round, fallbacks=tuple(rest))
    twin.entry = entry
    if before.person is None:
        twin.lines.append(line("customer_told"))


def _customer_unreached(twin: Twin, message: Message) -> None:
    """Whoever is accountable hears of it, and an update that reached nobody has kept no promise."""
    kept_at = twin.kept.get(f"{message.entry}/{message.round}") if message.kind == "customer_update" else None
    if kept_at is not None:
        twin.take_back("customer_update", kept_at)
    person = twin.accountable
    twin.one_to(person, "unreachable")
    twin.lines.append(line("told", person=person, message="unreachable", unsaid=message.kind))


def _low_score_to_last_resort(twin: Twin, before: Message) -> None:
    """The lead cannot be reached: somebody must hear that the customer is not content."""
    person, channels = twin.policy.last_resort, twin.steps[0].channels
    entry, twin.entry = twin.entry, before.entry
    twin.message("low_score", channels[0], person, 1, before.round, fallbacks=channels[1:])
    twin.entry = entry
    twin.lines.append(line("told", person=person))


def _dues(twin: Twin) -> Iterator[Due]:
    if twin.pause is not None:
        yield Due(twin.pause[1], PAUSE, "pause")
    for clock in twin.ticking():
        if clock.breached is None:
            yield from _of_clock(clock)
    if twin.status == "resolved" and twin.silence is not None and twin.cause is not None:
        yield Due(twin.silence, STEP, "silence")
    if twin.status == "open":
        yield from _of_the_ladder(twin)
    for shout in twin.shouts:
        yield Due(shout.next_at, STEP, "shout", shout=shout)
    stale = twin.policy.length("stale", twin.tier, twin.priority)
    if twin.status == "acknowledged" and twin.stale_from is not None and stale is not None:
        yield Due(twin.stale_from + timedelta(seconds=stale), STEP, "stale")


def _of_clock(clock: Clock) -> Iterator[Due]:
    at = clock.at()
    if at is not None:
        yield Due(at, BREACH, "breach", clock)
    for percent in clock.warn_at:
        warn_at = clock.at(percent)
        if percent not in clock.warned and warn_at is not None:
            yield Due(warn_at, WARNING, "warning", clock, percent)


def _of_the_ladder(twin: Twin) -> Iterator[Due]:
    round_at = _known(twin.round_at)
    if twin.fired < len(twin.steps):
        at = round_at + twin.steps[twin.fired].after
        yield Due(min(at, twin.pulled) if twin.pulled else at, STEP, "step")
    clock = next(twin.ticking("acknowledge"), None)
    if clock is None or not twin.at_top:
        return
    again = round_at + timedelta(seconds=clock.length)
    if twin.round + 1 <= twin.policy.tiers[twin.tier].repeat:
        yield Due(again, STEP, "round")
    elif not any(one.why == "nobody" for one in twin.shouts):
        yield Due(again, STEP, "last_resort")


def _known(at: datetime | None) -> datetime:
    assert at is not None
    return at


def _breach(twin: Twin, missed: list[Due]) -> None:
    clocks = [(one.clock, one.at) for one in missed if one.clock is not None]
    for clock, at in clocks:
        clock.breached = at
        clock.warned.update(clock.warn_at)
        twin.lines.append(line("breached", target=clock.name, due_at=at))
    names = [clock.name for clock, _ in clocks]
    if "customer_update" in names:
        promise = next(clock for clock, _ in clocks if clock.name == "customer_update")
        promise.cancelled = True
        twin.start("customer_update", at=promise.breached)
    if "root_cause" in names:
        _cause_missing(twin, twin.accountable)
        twin.shouts.append(Shout("root_cause", twin.now + A_DAY))
    climbing = {name for name in names if name in CLIMBS}
    if climbing and not twin.at_top:
        of_the_entry = [twin.true_time(one.at) for one in missed if one.clock and one.clock.name in OF_THE_ENTRY]
        twin.climb("breached", min(of_the_entry, default=twin.now))
    elif climbing - {"acknowledge"}:
        twin.last_resort("top_breach")
    if "customer_update" in names:
        twin.customer_told("customer_holding")


def _cause_missing(twin: Twin, person: str) -> None:
    twin.one_to(person, "root_cause_overdue")
    twin.lines.append(line("told", person=person))


def _warn(twin: Twin, clock: Clock, percent: int) -> None:
    clock.warned.add(percent)
    person = twin.accountable
    twin.one_to(person, "promise_reminder" if clock.name == "customer_update" else "warning", percent)
    twin.lines.append(line("warned", target=clock.name, percent=percent, person=person))


def _step(twin: Twin, at: datetime) -> None:
    index = twin.fired
    first = twin.first if index == 0 and twin.round == 0 else None
    selector = f"person:{first}" if first else twin.steps[index].tell
    told = Told(twin.entry, index, twin.round, selector, twin.team, at)
    twin.fired, twin.pulled = index + 1, None
    twin.tells.append(told)
    twin.asked.append(told)


def _round(twin: Twin, at: datetime) -> None:
    twin.round, twin.round_at, twin.fired, twin.pulled = twin.round + 1, at, 0, None


def _last_resort(twin: Twin, at: datetime) -> None:
    if not any(one.why == "nobody" for one in twin.shouts):
        twin.shouts.append(Shout("nobody", at))


def _shout(twin: Twin, shout: Shout) -> None:
    if shout.why == "root_cause":
        twin.shouts.remove(shout)
        _cause_missing(twin, twin.people.lead(twin.team))
        return
    shout.next_at += A_DAY
    twin.last_resort("last_resort")


def _stale(twin: Twin, _: datetime) -> None:
    twin.lines.append(line("breached", target="acknowledge_timeout"))
    twin.enter(twin.tier, twin.team, "stale")


def _nobody(twin: Twin, told: Told) -> None:
    if twin.first is not None and (told.step, told.round, twin.round, twin.fired) == (0, 0, 0, 1):
        twin.first, twin.fired, twin.pulled = None, 0, told.due
    else:
        _next_step_now(twin, told, told.due)


def _next_step_now(twin: Twin, told: Told, at: datetime) -> None:
    if twin.fired < len(twin.steps):
        if (told.round, told.step + 1) == (twin.round, twin.fired):
            twin.pulled = at
    elif any(one.reaches for one in twin.tells):
        return
    elif twin.at_top:
        _last_resort(twin, at)
    else:
        twin.climb("nobody", at)


_BY_ITSELF = {
    "pause": lambda twin, _: end_pause(twin, SYSTEM),
    "silence": lambda twin, _: end_closed(twin, SYSTEM),
    "step": _step,
    "round": _round,
    "last_resort": _last_resort,
    "stale": _stale,
}
