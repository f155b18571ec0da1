"""A customer is forgotten: no word of theirs is anywhere in the store afterwards, and every figure is what it was."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, inspect, select, text, update

from domain.errors import NotAllowed, NotFound
from domain.forgetting import FORGOTTEN
from domain.messages import Message
from domain.outcome import Transition
from domain.periods import Period
from domain.roster import Roster
from domain.state import TimelineEntry
from records.actions import Actions
from records.answers import Answers, MailAnswer
from records.bad_addresses import BadAddress, BadAddresses
from records.closures import ClosureFilters, Closures
from records.command_log import CommandLog
from records.database import Database
from records.facts import refresh
from records.figures import Dimension, Figures, Wanted
from records.idempotency import Given, Idempotency
from records.inbound import Inbound
from records.outbound import Outbound
from records.privacy import Privacy, new_pseudonym
from records.problems import open_problem
from records.tables import (
    actions,
    escalations,
    facts,
    forgotten,
    inbound_events,
    messages,
    problem_cases,
    tier_facts,
    timeline,
)
from records.tally import Tally
from records.transitions import Transitions
from records.views import View, Views
from tests.records.closed import close, closed
from tests.records.samples import NOW, at, command, message
from tests.records.samples import text as written

NAME, EMAIL, PHONE = "Vögel & Söhne", "einkauf@voegel.example", "+493077788899"
SUBJECT = "Zwetschgen fehlen im Warenkorb"
SECRETS = (NAME, "Vögel", EMAIL, "voegel.example", PHONE, "Zwetschgen", "Geheimnis", "geheimnis")
CASE = ("zendesk-1", 1)
AFTER = at(60)
QUOTE = f"Seen before: {SUBJECT} — certificate: Geheimnis\nhttps://t.example/escalations/zendesk-1?episode=1\n"
LINES: dict[str, dict[str, Any]] = {
    "opened": {"trigger": "manual", "reasons": ["Geheimnis"], "tier": "L1"},
    "acknowledged": {"words": "Geheimnis"},
    "escalated": {"escalation": "hierarchical", "tier": "L2", "team": "experts", "words": "Geheimnis"},
    "handed_back": {"tier": "L1", "words": "Geheimnis"},
    "paused": {"reason": "scheduled", "until": written(at(9)), "note": "Geheimnis"},
    "note": {},
    "customer_told": {"message": "customer_update", "text": "Geheimnis", "channel": "email"},
    "customer_replied": {"channel": "email", "mail": "Geheimnis"},
    "reprioritized": {"was": "low", "priority": "high", "reasons": ["Geheimnis"], "words": "Geheimnis"},
    "resolved": {"words": "Geheimnis"},
    "root_cause_recorded": {"category": "certificate", "words": "Geheimnis"},
    "reopened": {"count": 1, "words": "Geheimnis"},
    "cancelled": {"words": "Geheimnis"},
    "delivery_failed": {"key": "k", "code": "550", "reason": f"no {EMAIL}"},
    "told": {"person": "dana", "message": "step", "due_at": written(at(15))},
    "breached": {"target": "acknowledge", "called": "acknowledge", "due_at": written(at(15))},
}  # what the rules write into the data of each kind


def full(**changes: Any) -> dict[str, Any]:
    """A closed case with something of its customer in every field that takes words."""
    whole = closed(subject=SUBJECT, cause="Geheimnis der Bestellung", fix="Geheimnis im Lager", product="checkout")
    whole["ticket"] |= {
        "description": "Geheimnis",
        "url": "https://voegel.example/1",
        "history": [{"at": written(NOW), "from": NAME, "channel": "email", "text": "Geheimnis"}],
        "tags": ["Geheimnis"],
    }
    whole["customer"] = {"id": "voegel", "name": NAME, "email": EMAIL, "phone": PHONE, "tier": "vip", "annual_value": 7}
    whole["trigger"] = {"kind": "manual", "detail": "Geheimnis", "score": None, "reasons": ["Geheimnis"]}
    whole["priority_reasons"] = ["Geheimnis"]
    whole["resolution"]["customer_message"] = "Geheimnis"
    promised = {"text": "Geheimnis", "kind": "preventive", "owner": "sam", "due_on": "2030-01-31"}
    whole["root_cause"] |= {
        "by": "dana", "at": written(at(20)), "contributing_factors": ["Geheimnis"], "actions": [promised], "problem": None,
    }  # fmt: skip
    survey = {"score": 2, "comment": "Geheimnis", "at": written(at(40))}
    return whole | {"survey": survey, "owner": "dana", "resolved_at": written(at(20))} | changes


def said(name: str, kind: str, person: str | None) -> Message:
    sent = message(name, kind=kind, person=person)
    return sent.model_copy(update={"facts": {**sent.facts, "text": "Geheimnis"}, "purpose": f"answer {NAME}"})


TO_US, TO_THEM = said("dana/sms", "low_score", "dana"), said("customer/email", "customer_closed", None)


@pytest.fixture
def store(database: Database) -> Database:
    """A store that has something of one customer in every table that can, and a case of another."""
    lines = tuple(_line(seq, kind, data) for seq, (kind, data) in enumerate(LINES.items(), 1))
    made = Transition(document=full(), version=1, timeline=lines, messages=(TO_US, TO_THEM))
    Transitions(database).record(made, NOW)
    Actions(database).move("zendesk-1.1.1", None, date(2030, 2, 1), "dana", f"{NAME} asks for it", NOW, Roster())
    close(database, closed("zendesk-2", "Invoice is empty", customer="beta", name="Beta AG", product="billing"))
    for one, to in ((TO_US, "+4930111"), (TO_THEM, EMAIL)):
        Outbound(database).claim(one.key, to, f"Re: {SUBJECT}", "Geheimnis", NOW)
        Outbound(database).mark(one.key, "sent", NOW, reason=f"went to {NAME}")
    _quoted_elsewhere(database)
    _came_and_went(database)
    return database


def _line(seq: int, kind: str, data: dict[str, Any]) -> TimelineEntry:
    actor = "customer" if kind == "customer_replied" else "dana"
    shape = {"seq": seq, "at": at(seq), "kind": kind, "actor": actor, "text": "by 17:15", "data": data}
    words = {} if kind in ("told", "breached") else {"text": "Geheimnis"}
    return TimelineEntry.model_validate(shape | words)


def _quoted_elsewhere(database: Database) -> None:
    with database.write() as connection:
        other = {**message("lea/sms").model_dump(mode="json"), "key": "zendesk-2.1/1/step/0.0/lea/email"}
        row = connection.execute(select(messages).where(messages.c.key == TO_US.key)).mappings().one()
        quoting = {"key": other["key"], "id": "zendesk-2", "document": other, "reference": "r2", "reason": None}
        words = {"subject": "Invoice is empty", "text": QUOTE}
        told = {"kind": "step", "channel": "email", "claimed_at": AFTER}
        connection.execute(messages.insert().values(**{**row, **quoting, **words, **told}))
        known = open_problem(connection, f"Outage at {NAME}", "certificate", "checkout", "sam", NOW)
        linked = {"escalation": "zendesk-1", "episode": 1, "problem": known.id, "linked_by": None, "linked_at": NOW}
        connection.execute(problem_cases.insert().values(**linked))
    Views(database).save("dana", View("theirs", "customer=voegel&status=open"), NOW)
    Views(database).save("dana", View("mine", "owner=dana"), NOW)


def _came_and_went(database: Database) -> None:
    CommandLog(database).queue(command().model_copy(update={"body": {"note": "Geheimnis"}}), "zendesk-1", 1)
    for channel, address in (("email", EMAIL.upper()), ("sms", PHONE)):
        BadAddresses(database).remember(BadAddress(channel, address, "bounced", "550", f"no {address}", NOW))  # type: ignore[arg-type]
    inbound = Inbound(database)
    inbound.store_new("twilio-inbound", [("SM1", {"From": PHONE, "Body": "Geheimnis"}), ("SM2", {"From": "+491"})], NOW)
    inbound.store_new(
        "sendgrid-inbound", [("m1", {"sender": EMAIL.upper(), "subject": "Re: x", "text": "Geheimnis"})], NOW
    )
    inbound.store_new(
        "sendgrid-inbound", [("m2", {"sender": "dana@t", "subject": f"Re: {SUBJECT}", "text": "ok"})], NOW
    )
    answers = Answers(database)
    answers.keep("a1", MailAnswer(EMAIL, "Re: x", "Geheimnis", "<Geheimnis@x>"), NOW)
    answers.mark("a1", "sent", at=NOW)
    inbound.all_handled([("twilio-inbound", "SM1"), ("sendgrid-inbound", "m1"), ("sendgrid-inbound", "m2")], NOW)
    inbound.handled("mail-answer", "a1", NOW)
    known = Idempotency(database)
    for path, answer in (
        ("/v1/escalations", full()),
        ("/v1/actions/zendesk-1.1.1/done", {"escalation": "zendesk-1", "text": "Geheimnis"}),
    ):
        known.begin("key", "POST", path, "k", "hash", NOW)
        known.finish("key", "POST", path, "k", Given(200, answer, "hash"), NOW)


def everything(database: Database) -> Iterator[tuple[str, str]]:
    """Every value of every column of every table: its place and its text, with all letters as they are read."""
    with database.read() as connection:
        found = inspect(connection)
        shadows = ("closure_words_data", "closure_words_idx", "closure_words_docsize", "closure_words_config")
        for table in set(found.get_table_names()) - set(shadows):
            for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():  # noqa: S608 - names of the schema
                yield from ((f"{table}.{name}", _plain(value)) for name, value in row.items())


def _plain(value: Any) -> str:
    try:
        return json.dumps(json.loads(value), ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def places_of(database: Database, *words: str) -> set[str]:
    folded = [word.casefold() for word in words]
    return {place for place, value in everything(database) if any(word in value.casefold() for word in folded)}


def forget(database: Database, customer: str = "voegel", *, try_out: bool = False) -> Tally:
    return Privacy(database).forget(
        customer, sha256(customer.encode()).hexdigest(), new_pseudonym(), AFTER, try_out=try_out
    )


def customer_of(database: Database, table: Any = escalations) -> str:
    with database.read() as connection:
        return str(connection.scalar(select(table.c.customer).where(table.c.id == "zendesk-1")))


def test_no_word_of_a_forgotten_customer_is_in_any_column_of_any_table(store: Database) -> None:
    before = places_of(store, *SECRETS)
    assert before >= {
        *("escalations.document", "escalations.subject", "escalations.search", "timeline.text", "timeline.data"),
        *("messages.to", "messages.subject", "messages.text", "messages.reason", "messages.document", "commands.body"),
        *("closures.subject", "closures.fix", "closures.cause", "closures.terms", "closures.subject_terms"),
        *("problems.title", "bad_addresses.address", "bad_addresses.reason", "inbound_events.body"),
        *("idempotency.response", "actions.moved"),
    }
    with store.write() as connection:
        connection.execute(update(actions).values(state="done"))
    forget(store)
    assert places_of(store, *SECRETS) == set()
    assert places_of(store, "voegel") == set()  # nor their id


def test_it_is_counted_what_was_removed(store: Database) -> None:
    tally = forget(store)
    assert tally.removed == {
        "cases": 1, "lines": 14, "messages": 2, "commands": 1, "closures": 1, "quotes": 1, "inbound": 4, "answers": 2,
        "addresses": 2, "views": 1, "problems": 1,
    }  # fmt: skip
    assert tally.left == {"actions": 1}


def test_trying_it_out_counts_the_same_and_removes_nothing(store: Database) -> None:
    before = sorted(everything(store))
    tried = forget(store, try_out=True)
    assert sorted(everything(store)) == before
    done = forget(store)
    assert (tried.removed, tried.left) == (done.removed, done.left)


def test_a_second_time_finds_nothing_more(store: Database) -> None:
    first = forget(store)
    again = forget(store)
    assert (first.before, again.before) == (False, True)
    assert (again.cases, +again.removed, +again.left) == ([], {}, {})
    assert forget(store, first.pseudonym).before  # nor under their new id
    assert Privacy(store).unfinished() == [first.pseudonym]
    assert not +Privacy(store).go_on(first.pseudonym).removed


def test_every_figure_is_what_it_was_and_the_customer_has_one_pseudonym(store: Database) -> None:
    Transitions(store).record(Transition(document=full(id="zendesk-5"), version=1), NOW)
    wanted = Wanted(Period(NOW - timedelta(days=1), NOW + timedelta(days=1), "UTC"), {})
    by: tuple[Dimension, ...] = ("team", "priority", "product", "category", "owner", "cause", "origin")

    def reports() -> Any:
        figures = Figures(store)
        parts = {one: sorted(map(repr, figures.groups(wanted, one))) for one in by}
        with store.read() as connection:
            rows = connection.execute(select(facts).order_by(facts.c.id)).mappings().all()
            tiers = connection.execute(select(tier_facts).order_by(tier_facts.c.id, tier_facts.c.tier)).all()
        return figures.total(wanted), parts, [{**row, "customer": None} for row in rows], tiers, figures.causes(wanted)

    before, counts = reports(), sorted(one.values["volume"] or 0 for one in Figures(store).groups(wanted, "customer"))
    tally = forget(store)
    assert reports() == before
    assert sorted(one.values["volume"] or 0 for one in Figures(store).groups(wanted, "customer")) == counts
    assert {customer_of(store, table) for table in (escalations, facts)} == {tally.pseudonym}
    with store.write() as connection:
        old = connection.execute(select(facts).where(facts.c.id == "zendesk-1")).mappings().one()
        refresh(connection, CASE)
        new = connection.execute(select(facts).where(facts.c.id == "zendesk-1")).mappings().one()
    assert {**new, "version": 0} == {**old, "version": 0}  # and they stay so, when they are made again


def test_who_of_us_did_what_and_when_stays(store: Database) -> None:
    forget(store)
    with store.read() as connection:
        lines = connection.execute(select(timeline).where(timeline.c.id == "zendesk-1").order_by(timeline.c.seq)).all()
        sent = connection.execute(select(messages).where(messages.c.id == "zendesk-1")).mappings().all()
    assert [line.kind for line in lines] == list(LINES)
    assert [(line.at, line.actor) for line in lines][1] == (at(2), "dana")
    assert {line.kind: line.text for line in lines}["told"] == "by 17:15"
    assert {(one["person"], one["to"], one["status"], one["text"]) for one in sent} == {
        ("dana", "+4930111", "sent", FORGOTTEN),
        (None, None, "sent", FORGOTTEN),
    }


def test_another_customers_case_is_as_it_was(store: Database) -> None:
    def theirs() -> Any:
        with store.read() as connection:
            return connection.scalar(select(escalations.c.document).where(escalations.c.id == "zendesk-2"))

    before = theirs()
    forget(store)
    assert theirs() == before
    assert [one.name for one in Views(store).of("dana")] == ["mine"]
    found, _ = Closures(store).list_page(ClosureFilters(q="invoice"))
    assert [one.id for one in found] == ["zendesk-2"]


@pytest.mark.parametrize(
    ("said", "how", "goes"),
    [
        (f"as promised to {NAME}", {"channel": "sms", "claimed_at": at(-600)}, True),
        (QUOTE, {"channel": "email", "kind": "warning", "claimed_at": AFTER}, True),
        (QUOTE, {"channel": "email", "kind": "step", "claimed_at": at(-600)}, False),
        (QUOTE.replace("=1", "=12"), {"channel": "email", "kind": "step", "claimed_at": AFTER}, False),
        (f"What is wrong: {SUBJECT}", {"channel": "email", "kind": "step", "claimed_at": AFTER}, False),
    ],
    ids=[
        "their name, anywhere",
        "a quote that went out in another message",
        "none: no case of theirs had closed by then",
        "none: of another episode",
        "none: another case has the same words",
    ],
)
def test_what_another_case_says_of_them_goes(store: Database, said: str, how: dict[str, Any], goes: bool) -> None:
    other = (messages.c.id == "zendesk-2") & (messages.c.key.like("%/lea/email"))
    with store.write() as connection:
        connection.execute(update(messages).where(other).values(text=said, subject=None, **how))
    forget(store)
    with store.read() as connection:
        assert (connection.scalar(select(messages.c.text).where(other)) == FORGOTTEN) == goes


def test_a_forgotten_case_is_found_by_none_of_its_words(store: Database) -> None:
    words = ("Zwetschgen", "Geheimnis", "Lager")
    assert all(Closures(store).list_page(ClosureFilters(q=one))[0] for one in words)
    forget(store)
    assert not any(Closures(store).list_page(ClosureFilters(q=one))[0] for one in words)


def test_a_customer_who_still_waits_is_not_forgotten(store: Database) -> None:
    Transitions(store).record(Transition(document=full(id="zendesk-9", status="open", closed_at=None), version=1), NOW)
    before = sorted(everything(store))
    with pytest.raises(NotAllowed, match=r"'voegel' .* close or cancel zendesk-9 first") as refused:
        forget(store)
    assert refused.value.code == "customer_has_live_cases"
    assert sorted(everything(store)) == before


def test_a_record_that_comes_late_does_not_bring_the_words_back(store: Database) -> None:
    forget(store)
    late = Transition(document=full(version=2), version=2, timeline=(_line(99, "note", {}),))
    Transitions(store).record(late, AFTER)
    [pseudonym] = Privacy(store).unfinished()
    assert places_of(store, *SECRETS) == {"timeline.text", "actions.text"}  # the action is still to be done
    assert Privacy(store).go_on(pseudonym).removed["lines"] == 1
    assert places_of(store, *SECRETS) == {"actions.text"}


def test_who_dies_in_the_middle_leaves_work_that_the_next_one_finishes(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Privacy, "_empty", dies)
        with pytest.raises(RuntimeError):
            forget(store)
    assert forget(store).cases == []
    [pseudonym] = Privacy(store).unfinished()
    assert Privacy(store).go_on(pseudonym).removed["cases"] == 1
    assert places_of(store, *SECRETS) == {"actions.text"}
    Privacy(store).done(pseudonym, AFTER)
    assert Privacy(store).unfinished() == []


def test_what_nobody_has_acted_on_yet_stays_and_is_told(store: Database) -> None:
    Inbound(store).store_new("twilio-inbound", [("SM9", {"From": PHONE, "Body": "hello"})], NOW)
    assert forget(store).left["inbound"] == 1
    with store.read() as connection:
        assert connection.scalar(select(inbound_events.c.body).where(inbound_events.c.event_id == "SM9")) != {}


@pytest.mark.parametrize("try_out", [False, True])
def test_an_unknown_customer_is_told_as_unknown(store: Database, try_out: bool) -> None:
    before = sorted(everything(store))
    with pytest.raises(NotFound, match=r"no case is of a customer 'Voegel'") as refused:
        forget(store, "Voegel", try_out=try_out)
    assert refused.value.code == "customer_unknown"
    assert sorted(everything(store)) == before
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(forgotten)) == 0
