"""The store of sessions that were signed out of: found until their time is over, never readable, then gone."""

from datetime import timedelta

from sqlalchemy import select

from records.database import Database
from records.ended_sessions import EndedSessions
from records.tables import ended_sessions
from tests.records.samples import NOW

COOKIE = "a cookie's value"


def test_a_session_is_ended_until_it_would_have_ended_by_itself(database: Database) -> None:
    ended = EndedSessions(database)
    assert not ended.has(COOKIE)
    for _ in range(2):
        ended.end(COOKIE, NOW)
    assert (ended.has(COOKIE), ended.has("another")) == (True, False)
    assert ended.purge(NOW - timedelta(seconds=1)) == 0
    assert ended.has(COOKIE)
    assert ended.purge(NOW + timedelta(seconds=1)) == 1
    assert not ended.has(COOKIE)


def test_the_cookie_itself_stands_nowhere(database: Database) -> None:
    EndedSessions(database).end(COOKIE, NOW)
    with database.read() as connection:
        assert COOKIE not in str(connection.execute(select(ended_sessions)).all())
