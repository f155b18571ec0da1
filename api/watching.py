"""One look at the store for all who watch it: while somebody has a board open, this process asks once a second what changed.

A hundred boards cost one query a second, like one: what they show is drawn from what this look has found (`api.watched_boards`).
What a listener has not taken yet is a set of ids that cannot grow: a slow one is told less often and with more in it. A key that
is revoked and a session that was signed out of, here or at another process, end their listeners at the next look; a store that
does not answer ends them all, so that no page shows itself as live when it is not.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from api.errors import Unavailable
from api.threads import in_thread
from api.watched_boards import WatchedBoard, WatchedBoards
from records.board import OVERLAP, Board, Changes
from records.database import Database
from records.ended_sessions import EndedSessions
from records.keys import Keys

LOOK_EVERY = 1.0  # seconds; a change is on the page within two
MOST_LISTENERS = 500  # of one process; each is an open connection
MOST_OF_A_KEY = 100  # nobody keeps all others out; several people and screens on walls may share a key
MOST_OF_A_SESSION = 20  # windows and tabs of one browser
MOST_NAMED = 100  # ids in one piece of news; more, and everything is looked at anew

log = structlog.get_logger()


@dataclass(frozen=True)
class News:
    """The ids of the cases that changed; None: so many that everything is to be looked at."""

    ids: frozenset[str] | None


@dataclass(eq=False)
class Listener:
    """Somebody who watches; `over` is set when there is nothing more to hear (`revoked`: ever), `fresh` until the first look.

    Who watches a `board` is told when it shows something else, the others which cases have changed.
    """

    key_id: str
    session: str
    board: WatchedBoard | None = None
    over: bool = False
    revoked: bool = False
    fresh: bool = True
    _ids: set[str] | None = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, ids: frozenset[str] | None) -> None:
        """Add to what has not been taken yet."""
        together = None if self._ids is None or ids is None else self._ids | ids
        self._ids = None if together is not None and len(together) > MOST_NAMED else together
        self._woken.set()

    def end(self) -> None:
        """There will be no more."""
        self.over = True
        self._woken.set()

    async def next(self, patience: float) -> News | None:
        """What changed since it was last asked; None when nothing does within so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return None
        news = News(None if self._ids is None else frozenset(self._ids))
        self._ids = set()
        self._woken.clear()
        return news


class Watcher:
    """One per process; looks only while somebody listens."""

    def __init__(self, database: Database, every: float = LOOK_EVERY) -> None:
        self._board, self._keys, self._ended = Board(database), Keys(database), EndedSessions(database)
        self._database, self._boards = database, WatchedBoards(database)
        self._every = every
        self._listeners: set[Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def admit(self, key_id: str, session: str) -> None:
        """Raises Unavailable `too_many_listeners` without room for one more: here, of the key, or of the session."""
        of_key = [one for one in self._listeners if one.key_id == key_id]
        of_session = [one for one in of_key if one.session == session]
        if self._closed or len(self._listeners) >= MOST_LISTENERS:
            raise Unavailable("too_many_listeners", "too many boards are open on this server; this one is not live")
        if len(of_key) >= MOST_OF_A_KEY or len(of_session) >= MOST_OF_A_SESSION:
            raise Unavailable("too_many_listeners", "too many boards are open with this key or session; close some")

    def parts(self, board: WatchedBoard) -> list[str]:
        """What a board shows of which a listener has had news."""
        return self._boards.parts(board)

    @contextmanager
    def listening(self, key_id: str, session: str, board: WatchedBoard | None = None) -> Iterator[Listener]:
        """A listener for the length of the block. Its first news is that everything is to be looked at. Raises as `admit`."""
        self.admit(key_id, session)
        listener = Listener(key_id, session, board)
        self._listeners.add(listener)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_again_and_again())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def end_session(self, session: str) -> None:
        """Somebody has signed out: what that session has open hears nothing more."""
        for listener in [one for one in self._listeners if one.session == session]:
            listener.revoked = True
            listener.end()

    def close(self) -> None:
        """The process is going: end every stream, so that the server need not wait for them."""
        self._closed = True
        self._end_all()

    def _end_all(self) -> None:
        for listener in self._listeners:
            listener.end()

    async def _look_again_and_again(self) -> None:
        known: Changes | None = None
        # New ones each time: the thread of a look that was broken off may still be at work on those before.
        self._boards = WatchedBoards(self._database)
        try:
            while True:
                known = await self._look(known)
                await asyncio.sleep(self._every)
        except Exception as error:  # noqa: BLE001 - whatever broke it: no page may show itself as live
            log.error("the store does not say what changed; boards are told to come again", error=type(error).__name__)
            self._looking = None
            self._end_all()

    async def _look(self, known: Changes | None) -> Changes:
        """Ask what changed, and tell."""
        found = await in_thread(self._board.changes, _since(known), known.latest if known else None)
        there, fresh = set(self._listeners), {one for one in self._listeners if one.fresh}
        same = known is not None and (found.revoked, found.signed_out) == (known.revoked, known.signed_out)
        await self._end_gone(fresh if same else there)
        keys = None if known is None else {key for key, now in found.lines.items() if known.lines.get(key) != now}
        boards = {one.board for one in there if one.board is not None}
        redrawn = await in_thread(self._boards.look, found, keys, boards)
        changed = frozenset(id for id, _ in keys or ())
        for listener in there:
            if listener.fresh or listener.board in redrawn:
                listener.tell(None)
            elif changed and listener.board is None:
                listener.tell(changed)
            listener.fresh = False
        return found

    async def _end_gone(self, listeners: Collection[Listener]) -> None:
        """End those whose key opens nothing any more, and those whose session was signed out of."""
        if not listeners:
            return
        keys = {one.key_id for one in listeners}
        revoked = {key_id for key_id in keys if await in_thread(self._keys.valid, key_id) is None}
        ended = await in_thread(self._ended.among, {one.session for one in listeners})
        for listener in [one for one in self._listeners if one.key_id in revoked or one.session in ended]:
            listener.revoked = True
            listener.end()


def _since(known: Changes | None) -> datetime | None:
    """From when on to look: a row written by a clock that is ahead of ours must not hide what comes until then."""
    if known is None or known.latest is None:
        return None
    return min(known.latest, datetime.now(UTC)) - OVERLAP
