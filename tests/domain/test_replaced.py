"""Replacing fields of a model gives what pydantic's own copy gives."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from domain.clocks import Clock, started
from domain.replaced import replaced
from domain.state import Entry, Escalation
from tests.domain.story import Story

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
CASE = Story().state
CLOCK = started("resolution", AT, 3600, "always")
ENTRY = Entry(number=1, cause="opened", at=AT, round_at=AT)


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (CASE, {"at": LATER, "owner": "dana"}),
        (CASE, {}),
        (CLOCK, {"breached_at": LATER}),
        (ENTRY, {"fired": 2, "first": None}),
    ],
)
def test_is_what_a_copy_of_pydantic_is(model: BaseModel, changes: dict[str, object]) -> None:
    ours, theirs = replaced(model, **changes), model.model_copy(update=changes)
    assert type(ours) is type(theirs)
    assert ours == theirs
    assert ours.model_fields_set == theirs.model_fields_set
    assert ours.model_dump_json(exclude_unset=True) == theirs.model_dump_json(exclude_unset=True)
    slots = {name for one in type(theirs).__mro__ for name in getattr(one, "__slots__", ())} - {"__weakref__"}
    assert {name: getattr(ours, name) for name in slots} == {name: getattr(theirs, name) for name in slots}


def test_the_model_it_came_from_stays_as_it_was() -> None:
    before = CLOCK.model_dump_json(), set(CLOCK.model_fields_set)
    assert replaced(CLOCK, warned=(50,)).warned == (50,)
    assert (CLOCK.model_dump_json(), set(CLOCK.model_fields_set)) == before


@pytest.mark.parametrize("model", [Clock, Entry, Escalation])
def test_no_such_model_has_private_attributes_that_would_be_lost(model: type[BaseModel]) -> None:
    assert model.__private_attributes__ == {}
