"""A checker that cannot fail is worth nothing: one run that kept its promises, bent in every way it must notice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import forged, weather
from tests.chaos.checker import IN_HAND, check
from tests.chaos.forged import EMAIL, at, evidence, receipt, record, word
from tests.chaos.journal import OPEN, Blow, Evidence, Shown, Try, Word
from tests.chaos.report import told_in_full
from tests.chaos.weather import Weather

Bend = Callable[[Evidence], None]

SAM, KIM, CLOSED, DANA_SMS = (
    "1/step/1.0/sam/email",
    "2/step/0.0/kim/email",
    "2/customer_closed/0.0/~customer/email",
    "1/step/0.0/dana/sms",
)
SURVEY = "2/customer_survey/0.0/~customer/email"
RESOLVED = "2/customer_resolved/0.0/~customer/email"


def found(bend: Bend) -> set[str]:
    """Which promises the checker finds broken in the bent run."""
    bent = evidence()
    bend(bent)
    verdict = check(bent)
    assert told_in_full(bent, verdict)  # it can be told, whatever it is
    return {fault.what for fault in verdict.faults}


def shown(run: Evidence) -> Shown:
    return run.cases[0].shown[0]


def said(run: Evidence, name: str) -> Word:
    return next(one for one in run.cases[0].words if one.name == name)


def recorded(run: Evidence, rest: str) -> dict[str, Any]:
    return next(one for one in shown(run).messages if one["key"] == forged.key(rest))


def forget(run: Evidence, rest: str) -> None:
    """The provider never received it."""
    gone = receipt(rest, 0).reference
    run.receipts = [one for one in run.receipts if one.reference != gone]


def without(run: Evidence, kind: str, text: str = "") -> None:
    lines = shown(run).timeline
    lines.remove(next(one for one in lines if one["kind"] == kind and text in one["text"]))


def insert(run: Evidence, second: float, kind: str, actor: str, text: str, **data: Any) -> None:
    lines = shown(run).timeline
    place = next((n for n, one in enumerate(lines) if one["at"] > at(second).isoformat()), len(lines))
    lines.insert(place, forged.line(forged.STRIDE * place - 1, second, kind, actor, text, data))


def test_a_run_that_kept_its_promises_has_no_faults() -> None:
    verdict = check(evidence())
    assert not verdict.faults
    assert (verdict.lost, verdict.duplicates, verdict.shown_possible) == (0, 0, 0)


def lost_message(run: Evidence) -> None:
    forget(run, SAM)


def message_without_a_record(run: Evidence) -> None:
    shown(run).messages.remove(recorded(run, SAM))
    forget(run, SAM)


def message_never_ended(run: Evidence) -> None:
    recorded(run, SAM)["status"] = "queued"
    forget(run, SAM)


def message_never_ended_in_a_broken_story(run: Evidence) -> None:
    message_never_ended(run)
    without(run, "warned")


def skipped_and_sent(run: Evidence) -> None:
    recorded(run, KIM)["status"] = "skipped"
    insert(run, 18.5, "skipped", "tierline", "not sent", key=forged.key(KIM), reason="overtaken")


def skipped_without_a_line(run: Evidence) -> None:
    recorded(run, KIM)["status"] = "skipped"
    forget(run, KIM)


def skipped_although_wanted(run: Evidence) -> None:
    recorded(run, SAM)["status"] = "skipped"
    forget(run, SAM)
    insert(run, 6, "skipped", "tierline", "not sent", key=forged.key(SAM), reason="overtaken")


def failed_for_no_reason(run: Evidence) -> None:
    recorded(run, RESOLVED).update(status="failed", code="400")
    forget(run, RESOLVED)
    insert(run, 20.5, "delivery_failed", "tierline", "failed", key=forged.key(RESOLVED), code="400")
    insert(run, 20.5, "customer_told", "tierline", "by SMS")


def unknown_for_no_reason(run: Evidence) -> None:
    recorded(run, KIM).update(status="unknown", code="answer_lost")


def sent_twice(run: Evidence) -> None:
    recorded(run, KIM)["code"] = "possible_duplicate"
    run.receipts.append(receipt(KIM, 17.9))


def sent_twice_by_sms(run: Evidence) -> None:
    run.receipts[1] = receipt(DANA_SMS, 0.2, told=False, fault=weather.TAKEN_AND_LOST)
    run.receipts.append(receipt(DANA_SMS, 3))


def sent_twice_and_silent(run: Evidence) -> None:
    forget(run, KIM)
    run.receipts += [receipt(KIM, 17.2, told=False, fault=weather.TAKEN_AND_LOST), receipt(KIM, 17.8)]


def to_the_wrong_address(run: Evidence) -> None:
    run.receipts[3] = replace(run.receipts[3], to="somebody@else.example")


def nobody_asked_for_it(run: Evidence) -> None:
    rest = "1/step/2.0/dana/email"
    shown(run).messages.append(record(6, rest))
    run.receipts.append(receipt(rest, 6))


def stranger_at_the_provider(run: Evidence) -> None:
    run.receipts.append(receipt("9/step/0.0/dana/email", 6))


def message_after_closing(run: Evidence) -> None:
    recorded(run, RESOLVED)["code"] = "possible_duplicate"
    late = 23.4 + IN_HAND.total_seconds()
    run.receipts[8] = receipt(RESOLVED, 20.1, told=False, fault=weather.TAKEN_AND_LOST)
    run.receipts.append(receipt(RESOLVED, late))


def command_twice(run: Evidence) -> None:
    insert(run, 19.2, "note", "kim", "[2]")


def command_lost(run: Evidence) -> None:
    without(run, "note")


def refused_and_done(run: Evidence) -> None:
    note = said(run, "note")
    note.tries = [Try(at(19), at(19.1), 409, {"code": "already_resolved"})]


def refused_for_no_reason(run: Evidence) -> None:
    run.cases[0].words.append(word("resume", 18.5, status=409, code="already_closed"))


def never_decided(run: Evidence) -> None:
    run.cases[0].words.append(Word(forged.ID, "note", "kim", {"text": "[9]"}, "k", "[9]", [Try(at(19), at(21), None)]))


def never_settled(run: Evidence) -> None:
    said(run, "note").tries[0] = replace(said(run, "note").tries[0], status=202)


def repeat_differs(run: Evidence) -> None:
    said(run, "note").tries.append(Try(at(19.5), at(19.6), 200, {"id": "another case"}))


def broken_answer(run: Evidence) -> None:
    said(run, "note").tries.insert(0, Try(at(18.8), at(18.9), 500, {"code": "internal_error"}))


def counted_before_it_was_said(run: Evidence) -> None:
    said(run, "note").tries[0] = replace(said(run, "note").tries[0], sent=at(19.2))


def counted_after_its_end(run: Evidence) -> None:
    said(run, "note").tries[0] = replace(said(run, "note").tries[0], sent=at(18.2), heard=at(18.4))


def wrong_status(run: Evidence) -> None:
    shown(run).document["status"] = "resolved"


def wrong_owner(run: Evidence) -> None:
    shown(run).document["owner"] = "dana"


def wrong_cause(run: Evidence) -> None:
    shown(run).document["root_cause"]["description"] = "another"


def not_what_was_meant(run: Evidence) -> None:
    run.cases[0].meant["status"] = "cancelled"


def case_gone(run: Evidence) -> None:
    run.cases[0].shown = []


def wrong_target_time(run: Evidence) -> None:
    shown(run).document["targets"][3]["breached_at"] = at(17.4).isoformat()


def late_due_time(run: Evidence) -> None:
    """Handled late, and the late time written down as the due time."""
    missed = next(one for one in shown(run).timeline if one["kind"] == "breached")
    missed["at"], missed["data"]["due_at"] = at(17.5).isoformat(), at(17.5).isoformat()


def step_never_came(run: Evidence) -> None:
    without(run, "told", "sam")
    shown(run).messages.remove(recorded(run, SAM))
    forget(run, SAM)


def no_warning(run: Evidence) -> None:
    without(run, "warned")


def stands_still(run: Evidence) -> None:
    """Nothing happened after the first step, although the run went on for a minute."""
    del shown(run).timeline[3:]


def survey_never_came(run: Evidence) -> None:
    without(run, "customer_told", "how was it?")
    shown(run).messages.remove(recorded(run, SURVEY))
    forget(run, SURVEY)


def survey_too_early(run: Evidence) -> None:
    shown(run).timeline[-1]["at"] = at(25.9).isoformat()


def survey_twice(run: Evidence) -> None:
    insert(run, 27, "customer_told", "tierline", "how was it?")


def asked_after_the_answer(run: Evidence) -> None:
    """The answer is above the low ones; the question that comes after it is one too many."""
    rated(run, 25, score=5)


def low_answer_in_silence(run: Evidence) -> None:
    rated(run, 27, score=3)


def rated(run: Evidence, second: float, score: int) -> None:
    run.cases[0].words.append(word("survey", second - 0.1, score=score))
    run.cases[0].words[-1].by = None
    insert(run, second, "note", "customer", f"rated {score} of 5", score=score)
    shown(run).document["survey"] = {"score": score}


def ended_by_itself(run: Evidence) -> None:
    run.deaths.append("worker-1 ended by itself")


def never_finished(run: Evidence) -> None:
    run.unfinished.append("by_the_book")


BENT: dict[Bend, str] = {
    lost_message: "message lost",
    message_without_a_record: "message lost",
    message_never_ended: "message lost",
    message_never_ended_in_a_broken_story: "message lost",
    skipped_and_sent: "wrong end",
    skipped_without_a_line: "message lost",
    skipped_although_wanted: "timeline",
    failed_for_no_reason: "message lost",
    unknown_for_no_reason: "wrong end",
    sent_twice: "sent twice",
    sent_twice_by_sms: "sent twice",
    sent_twice_and_silent: "silent duplicate",
    to_the_wrong_address: "wrong address",
    nobody_asked_for_it: "message too many",
    stranger_at_the_provider: "message too many",
    message_after_closing: "after closing",
    command_twice: "timeline",
    command_lost: "command lost",
    refused_and_done: "timeline",
    refused_for_no_reason: "wrong refusal",
    never_decided: "unheard",
    never_settled: "unheard",
    repeat_differs: "repeat differs",
    broken_answer: "broken answer",
    counted_before_it_was_said: "timeline",
    counted_after_its_end: "timeline",
    wrong_status: "end state",
    wrong_owner: "end state",
    wrong_cause: "end state",
    not_what_was_meant: "end state",
    case_gone: "end state",
    wrong_target_time: "target",
    late_due_time: "timeline",
    step_never_came: "timeline",
    no_warning: "timeline",
    stands_still: "timeline",
    survey_never_came: "timeline",
    survey_too_early: "timeline",
    survey_twice: "timeline",
    asked_after_the_answer: "timeline",
    low_answer_in_silence: "timeline",
    ended_by_itself: "process",
    never_finished: "unfinished",
}


@pytest.mark.parametrize("bend", BENT, ids=lambda bend: bend.__name__)
def test_a_broken_promise_is_found(bend: Bend) -> None:
    assert BENT[bend] in found(bend)


def test_a_duplicate_after_a_lost_answer_is_counted_and_no_fault_when_the_record_shows_it() -> None:
    run = evidence()
    recorded(run, KIM)["code"] = "possible_duplicate"
    run.receipts[6] = receipt(KIM, 17.2, told=False, fault=weather.TAKEN_AND_LOST)
    run.receipts.append(receipt(KIM, 17.8))
    verdict = check(run)
    assert not verdict.faults
    assert (verdict.duplicates, verdict.shown_possible) == (1, 1)


def test_a_duplicate_after_the_kill_of_its_worker_is_no_fault_when_the_record_shows_it() -> None:
    run = evidence()
    recorded(run, KIM)["code"] = "possible_duplicate"
    run.receipts.append(receipt(KIM, 17.9))
    run.blows.append(Blow(weather.WORKER, at(17.25), at(18)))
    assert not check(run).faults


def test_a_refused_message_may_fail_and_one_whose_answer_was_lost_may_be_unknown() -> None:
    run = evidence()
    recorded(run, RESOLVED).update(status="failed", code="400")
    run.receipts[8] = receipt(RESOLVED, 20.1, taken=False, told=False, fault=weather.REFUSED, code="400")
    insert(run, 20.5, "delivery_failed", "tierline", "failed", key=forged.key(RESOLVED), code="400")
    insert(run, 20.5, "customer_told", "tierline", "by SMS")
    by_sms = RESOLVED.replace(EMAIL, "sms")
    shown(run).messages.append(record(20.5, by_sms, status="unknown", code="answer_lost"))
    run.receipts.append(receipt(by_sms, 20.6, taken=False, told=False, fault=weather.HANGS))
    assert not check(run).faults


def test_the_closed_notice_may_go_out_after_closing() -> None:
    run = evidence()
    run.receipts[9] = receipt(CLOSED, 50)
    assert not check(run).faults


def test_a_low_answer_after_closing_tells_the_lead() -> None:
    run, alert = evidence(), "2/low_score/0.0/lee/email"
    rated(run, 27, score=3)
    insert(run, 27, "told", "tierline", "lee told", person="lee")
    shown(run).messages.append(record(27, alert))
    run.receipts.append(receipt(alert, 27.1))
    assert not check(run).faults


def test_who_answers_while_the_question_is_written_down_may_get_it() -> None:
    run = evidence()
    asked_after_the_answer(run)
    shown(run).timeline[-1]["seq"] = shown(run).timeline[-2]["seq"] - 1
    assert not check(run).faults


def test_a_step_of_an_entry_that_is_left_may_be_skipped() -> None:
    run = evidence()
    recorded(run, KIM)["status"] = "skipped"
    forget(run, KIM)
    insert(run, 18.5, "skipped", "tierline", "not sent", key=forged.key(KIM), reason="overtaken")
    assert not check(run).faults


def test_an_acknowledgement_said_again_by_the_owner_leaves_no_line() -> None:
    run = evidence()
    run.cases[0].words.append(word("acknowledge", 18.6, "[7]"))
    assert not check(run).faults


def test_evidence_is_kept_whole(tmp_path: Path) -> None:
    run = evidence()
    run.save(tmp_path / "evidence.json")
    assert Evidence.load(tmp_path / "evidence.json") == run


def test_a_seed_gives_one_plan_and_every_kind_of_blow_comes_in_two_minutes() -> None:
    assert Weather.of(7, 120) == Weather.of(7, 120)
    assert Weather.of(7, 120) != Weather.of(8, 120)
    for seed in range(20):
        plan = Weather.of(seed, 120)
        assert {blow.what for blow in plan.blows} == set(weather.ROUND)
        assert {window.fault for window in plan.windows} >= set(weather.SHARES)
        assert max(window.ends for window in plan.windows) <= 120 - weather.CALM_AFTER


def test_the_opening_word_is_the_first() -> None:
    assert evidence().cases[0].words[0].name == OPEN
