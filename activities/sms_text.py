"""An SMS kept to two segments: look-alikes first, then what others wrote is shortened, a little more at every step.

Our own words, times, the reply to write, links and the reference at the end are never cut. What is left of the room is
shared out by worth: of a reply or an update more stays than of a subject, of a subject more than of a name, and what people
copy, the case's id and the ticket's, gives way last of all.
"""

from collections.abc import Callable, Mapping

from activities.reading import View
from activities.wording import one_line, shortened
from domain.sms_segments import plain, segments

MOST_SEGMENTS = 2  # longer ones are dear, and arrive in pieces

Fields = Mapping[str, str | bool | None]

# Characters of a field worth one, step by step: from what two GSM segments hold in most cases down to what always fits.
ROOM = (40, 32, 26, 21, 17, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1)
# Of every field that is not named here and that others wrote: one.
WORTH = {
    "text": 4,
    "detail": 4,
    "workaround": 4,
    "subject": 2,
    "target": 2,
    "missed": 2,
    "ticket": 8,
    "id": 8,
    "action": 8,
}
NEVER_CUT = frozenset(
    {
        *("priority", "status", "percent", "due", "day", "times", "problem", "known", "next_update"),
        *("why", "since", "spent", "before", "before_day"),
        *("reply", "code", "link", "page", "api", "cli", "rate"),
    }
)


def sms_text(write: Callable[[Fields], str], view: View, reference: str) -> str:
    """What `write` makes of the view's fields, on one line, with ` #reference` at its end; in two segments where its own words
    leave room for that."""
    ending, text = f" #{reference}" if reference else "", ""
    for room in ROOM:
        text = plain(one_line(write(_cut(view, room))) + ending)
        if segments(text) <= MOST_SEGMENTS:
            break
    return text


def _cut(view: View, room: int) -> Fields:
    return {name: _shorter(name, value, room) for name, value in vars(view).items()}


def _shorter(name: str, value: str | bool | None, room: int) -> str | bool | None:
    cuttable = isinstance(value, str) and name not in NEVER_CUT
    return shortened(value, room * WORTH.get(name, 1)) if cuttable else value  # type: ignore[arg-type]
