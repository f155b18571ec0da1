"""Where a message goes: the one place that says whether there is an address for it."""

from domain.messages import CUSTOMER, Message
from domain.roster import Roster

NO_ADDRESS = "no_address"  # the code of a message that has nowhere to go


def address(message: Message, email: str | None, phone: str | None, roster: Roster, team: str) -> str | None:
    """The address now: a responder's of the roster, else the customer's `email` or `phone`; a webhook's is that of `team`."""
    if message.channel == "webhook":
        found = roster.team(team)
        return found.webhook if found else None
    if message.person is not None:
        person = roster.person(message.person)
        email, phone = (person.email, person.phone) if person else (None, None)
    return (email if message.channel == "email" else phone) or None


def why_no_address(message: Message, roster: Roster, team: str) -> str:
    """A sentence an operator can act on; `team` has the case."""
    if message.channel == "webhook":
        return f"the team {team} {'is not in the roster' if roster.team(team) is None else 'has no webhook'}"
    if message.person is not None and roster.person(message.person) is None:
        return f"{message.person} is not in the roster"
    what = "e-mail address" if message.channel == "email" else "phone number"
    return f"{message.person or f'the {CUSTOMER}'} has no {what}"
