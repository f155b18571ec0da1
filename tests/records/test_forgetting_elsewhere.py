"""A customer is forgotten: of what other customers' cases say of them, addresses go, and where the name stands is told."""

from typing import Any

import pytest
from sqlalchemy import select, update

from domain.outcome import Transition
from domain.problems import Problem
from domain.state import TimelineEntry
from records.closures import ClosureFilters, Closures
from records.command_log import CommandLog
from records.database import Database
from records.privacy import Privacy, new_pseudonym
from records.problems import Problems, link, open_problem
from records.tables import actions, closures, commands, escalations, inbound_events, messages, reply_codes, timeline
from records.tally import Tally
from records.transitions import Transitions
from tests.records.closed import close, closed
from tests.records.samples import NOW, applied, at, command, document, message

NAME, EMAIL, PHONE = "Füchse KG", "it@fuchs.example", "+493012345615"
CALLED = f"{NAME} called about it: {EMAIL}, {PHONE}."
CLEANED = f"{NAME} called about it: (forgotten), (forgotten)."
LIVE, OVER = ("zendesk-W5", 1), ("zendesk-W6", 1)
MANY = range(1000, 1120)  # more contacts than names that SQLite takes in one question
BOTH = "The certificate of the payment gateway had expired during the night"  # a cause that two customers had


@pytest.fixture
def store(database: Database) -> Database:
    """The customer `fuchs` with a closed case, and cases of others in which somebody wrote of them: one live, one closed."""
    fuchs = closed("zendesk-1", "Checkout is down for everybody", cause=f"{BOTH} at fuchs", name=NAME, customer="fuchs")
    fuchs["customer"] |= {"email": EMAIL, "phone": PHONE}
    close(database, fuchs)
    line = TimelineEntry(seq=1, at=NOW, kind="note", actor="dana", text=CALLED, data={"words": CALLED})
    said = command("c5").model_copy(update={"name": "note", "body": {"text": CALLED}})
    CommandLog(database).queue(said, *LIVE)
    of_live = document(LIVE[0], customer={"id": "wolke", "name": "Wolke AG"})
    of_live["ticket"]["subject"] = CALLED
    told = Transition(document=of_live, version=1, timeline=(line,), settled=(applied("c5"),))
    Transitions(database).record(told, NOW)
    over = closed(OVER[0], f"Mails to {EMAIL} bounce", fix=CALLED, customer="wolke", name="Wolke AG")
    promised = {"text": f"Call {PHONE}", "kind": "preventive", "owner": "sam", "due_on": "2030-01-31"}
    over["root_cause"] |= {"by": "sam", "at": over["closed_at"], "actions": [promised], "problem": None}
    close(database, over)
    return database


def forget(database: Database, *, try_out: bool = False) -> Tally:
    return Privacy(database).forget("fuchs", "mark of fuchs", new_pseudonym(), at(60), try_out=try_out)


def one(database: Database, *wanted: Any) -> Any:
    with database.read() as connection:
        return connection.execute(select(*wanted)).one()


def document_of(database: Database, id: str) -> dict[str, Any]:
    with database.read() as connection:
        return dict(connection.execute(select(escalations.c.document).where(escalations.c.id == id)).scalar_one())


def sent(database: Database, text: str, *, try_out: bool = False, **changes: Any) -> Any:
    """The text of a reminder of another customer's case, after the customer was forgotten."""
    mail = message("dana/email").model_copy(update={"key": "zendesk-W5.1/1/step/0.0/dana/email", "channel": "email"})
    words = {"text": text, "subject": None, "status": "sent", "claimed_at": at(30), **changes}
    with database.write() as connection:
        row = {"key": mail.key, "id": LIVE[0], "episode": 1, "entry": 1, "kind": "action_due", "channel": "email"}
        row |= {"person": "dana", "attempts": 1, "created_at": NOW, "document": mail.model_dump(mode="json")}
        connection.execute(messages.insert().values(**row | words))
    forget(database, try_out=try_out)
    return one(database, messages).text


def test_their_addresses_go_from_what_was_written_in_other_cases(store: Database) -> None:
    tally = forget(store)
    line, said = one(store, timeline.c.text, timeline.c.data), one(store, commands.c.body)
    assert (line.text, line.data, said.body["text"]) == (CLEANED, {"words": CLEANED}, CLEANED)
    over = document_of(store, OVER[0])
    assert (over["ticket"]["subject"], over["resolution"]["summary"]) == ("Mails to (forgotten) bounce", CLEANED)
    assert (over["customer"]["name"], over["root_cause"]["actions"][0]["text"]) == ("Wolke AG", "Call (forgotten)")
    assert one(store, actions.c.text).text == "Call (forgotten)"
    with store.read() as connection:
        kept = connection.execute(select(closures).where(closures.c.id == OVER[0])).one()
    assert (kept.subject, kept.fix) == ("Mails to (forgotten) bounce", CLEANED)
    assert not Closures(store).list_page(ClosureFilters(q="fuchs"))[0]
    assert tally.removed["mentions"] == 4


def test_where_their_name_stands_and_what_a_live_case_says_is_told_with_its_id(store: Database) -> None:
    tally = forget(store)
    assert (tally.left["named"], tally.which["named"]) == (2, {LIVE[0], OVER[0]})
    assert document_of(store, LIVE[0])["ticket"]["subject"] == CALLED  # its workflow would write it again


def test_what_is_no_word_stays_in_another_customers_case_and_is_told(store: Database) -> None:
    of_ids = closed("zendesk-W7", "Bounces", product=PHONE, category=EMAIL, customer="wolke", name="Wolke AG")
    of_ids["ticket"] |= {"id": EMAIL, "tags": [EMAIL], "history": [{"from": EMAIL, "text": PHONE}]}
    close(store, of_ids)
    before = of_ids["ticket"]
    tally = forget(store)
    over = document_of(store, "zendesk-W7")
    words = {"tags": ["(forgotten)"], "history": [{"from": "(forgotten)", "text": "(forgotten)"}]}
    assert over["ticket"] == {**before, **words}
    assert over["customer"] == of_ids["customer"]
    with store.read() as connection:
        kept = connection.execute(select(closures).where(closures.c.id == "zendesk-W7")).one()
    assert (kept.product, kept.category) == (PHONE, EMAIL)
    assert "zendesk-W7" in tally.which["named"]


@pytest.mark.parametrize("try_out", [True, False])
def test_a_customer_of_many_contacts_is_forgotten_with_all_of_them(store: Database, try_out: bool) -> None:
    contacts = [closed(f"zendesk-{n}", "Down for everybody", name=f"Jürgen Müller {n}", customer="fuchs") for n in MANY]
    for number, contact in zip(MANY, contacts, strict=True):
        contact["customer"] |= {"email": f"p{number}@fuchs.example", "phone": f"+4930{number:07}"}
    close(store, *contacts)
    with store.write() as connection:
        naming = f"{PHONE}, p{MANY[0]}@fuchs.example, p{MANY[-1]}@fuchs.example"
        connection.execute(update(timeline).values(text=naming, data={}))
    mail = sent(store, f"Ask Jürgen Müller {MANY[-1]}", try_out=try_out)
    assert mail == (f"Ask Jürgen Müller {MANY[-1]}" if try_out else "(forgotten)")
    left = naming if try_out else "(forgotten), (forgotten), (forgotten)"
    assert one(store, timeline.c.text).text == left


def test_a_word_on_its_way_to_a_case_is_left_and_told(store: Database) -> None:
    with store.write() as connection:
        connection.execute(update(commands).values(settled_at=None, status="queued", body={"text": EMAIL}))
        connection.execute(update(timeline).values(text="nothing", data={}))
        connection.execute(update(escalations).where(escalations.c.id == LIVE[0]).values(document=document(LIVE[0])))
    assert LIVE[0] in forget(store).which["named"]
    assert one(store, commands.c.body).body == {"text": EMAIL}


def test_a_try_tells_the_same_and_changes_nothing(store: Database) -> None:
    tried = forget(store, try_out=True)
    assert one(store, timeline.c.text).text == CALLED
    done = forget(store)
    assert (tried.removed, tried.left, tried.which) == (done.removed, done.left, done.which)


def test_a_case_of_a_customer_with_theirs_in_its_own_name_says_nothing_of_them(store: Database) -> None:
    other = {"id": "logistik", "name": f"{NAME} Logistik", "email": EMAIL}
    with store.write() as connection:
        mine = {**document(LIVE[0]), "customer": other}
        connection.execute(update(escalations).where(escalations.c.id == LIVE[0]).values(document=mine))
        connection.execute(update(timeline).values(text=f"{NAME} Logistik, {EMAIL}", data={}))
        connection.execute(update(commands).values(body={}))
    assert sent(store, f"For whom: {NAME} Logistik") == f"For whom: {NAME} Logistik"
    assert one(store, timeline.c.text).text == f"{NAME} Logistik, {EMAIL}"


def test_a_mail_of_another_customers_case_with_words_like_theirs_stays(store: Database) -> None:
    assert sent(store, f"Cause: {BOTH} at wolke") == f"Cause: {BOTH} at wolke"


@pytest.mark.parametrize(("code", "stays"), [("7K2", False), ("8F3", True)], ids=["of theirs", "of another's"])
def test_an_answer_to_a_case_goes_with_that_case_and_not_with_one_of_the_same_subject(
    store: Database, code: str, stays: bool
) -> None:
    body = {"sender": "dana@t", "subject": f"Re: Checkout is down for everybody [{code}]", "text": "on it"}
    with store.write() as connection:
        for number, (known, case) in enumerate((("7K2", "zendesk-1"), ("8F3", LIVE[0]))):
            row = {"number": number, "code": known, "id": case, "episode": 1, "given_at": NOW}
            connection.execute(reply_codes.insert().values(**row))
        came = {"source": "sendgrid-inbound", "event_id": "m1", "received_at": NOW, "body": body, "handled_at": NOW}
        connection.execute(inbound_events.insert().values(**came))
    forget(store)
    assert (one(store, inbound_events.c.body).body == body) == stays


def test_a_workaround_that_names_them_is_none_any_more(store: Database) -> None:
    with store.write() as connection:
        known = open_problem(connection, "Certificates expire", "certificate", None, "sam", NOW)
        link(connection, known.id, LIVE, None, NOW)
    problems = Problems(store)
    problems.work_around(known.id, f"Tell {NAME} to restart", NOW)
    forget(store)
    found = problems.of_case(*LIVE)
    assert isinstance(found, Problem)
    assert (found.state, found.workaround) == ("open", None)
