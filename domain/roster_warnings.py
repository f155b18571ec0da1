"""What a roster may say but probably does not mean. Nothing here refuses one: families and duty phones exist."""

from collections.abc import Callable

from domain.errors import Fault
from domain.fault_texts import path_text
from domain.roster import Person, Roster
from domain.tickets import PersonalChannel
from domain.warning_words import some

_ADDRESSES: dict[PersonalChannel, tuple[str, str, Callable[[Person], str | None]]] = {
    "email": ("email", "e-mail address", lambda person: person.email and person.email.lower()),
    "sms": ("phone", "phone number", lambda person: person.phone),
}


def roster_warnings(roster: Roster) -> list[Fault]:
    """Addresses that several people have, each at the second who has it: a reply from there is nobody's."""
    found = []
    for channel, (field, called, address_of) in _ADDRESSES.items():
        for index, person in enumerate(roster.people):
            address = address_of(person)
            people = people_at(roster, channel, address) if address else []
            if len(people) > 1 and people[1].id == person.id:
                who = some([one.id for one in people])
                message = f"{who} have the same {called}: messages arrive, but a reply from there does nothing, for nobody can "
                message += "tell who wrote it; give each their own, or have them act by the link in their e-mail"
                found.append(Fault(path_text(("people", index, field)), message))
    return found


def people_at(roster: Roster, channel: PersonalChannel, address: str) -> list[Person]:
    """Everybody of the roster with that address, in its order; an e-mail address counts in any case of letters."""
    address_of = _ADDRESSES[channel][2]
    wanted = address.lower() if channel == "email" else address
    return [person for person in roster.people if address_of(person) == wanted]
