"""What a roster may say but probably does not mean. Nothing here refuses one: families and duty phones exist."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from domain.errors import Fault
from domain.fault_texts import path_text
from domain.policy import Policy
from domain.policy_warnings import strangers
from domain.roster import Person, Roster
from domain.tickets import PersonalChannel
from domain.warning_words import ENGLISH

_ADDRESSES: dict[PersonalChannel, tuple[str, str, Callable[[Person], str | None]]] = {
    "email": ("email", "e-mail address", lambda person: person.email and person.email.lower()),
    "sms": ("phone", "phone number", lambda person: person.phone),
}


def roster_warnings(roster: Roster, policies: Iterable[Policy] = ()) -> list[Fault]:
    """Nobody in it; addresses that several people have; names that `policies` in use have and it lacks, by the policy's name."""
    empty = [] if roster.people else [Fault("people", "nobody is in this roster, so no case would be told to anybody")]
    return [*empty, *_shared_addresses(roster), *_lacking(roster, policies)]


def _lacking(roster: Roster, policies: Iterable[Policy]) -> Iterator[Fault]:
    for policy in policies:
        for path, message in strangers(policy, roster, ENGLISH):
            yield Fault(f"{policy.name}.{path_text(path)}", message)


def _shared_addresses(roster: Roster) -> Iterator[Fault]:
    """Each at the second who has it: a reply from there is nobody's."""
    for field, called, address_of in _ADDRESSES.values():
        sharing: dict[str, list[int]] = defaultdict(list)
        for index, person in enumerate(roster.people):
            if address := address_of(person):
                sharing[address].append(index)
        for places in (places for places in sharing.values() if len(places) > 1):
            who = ENGLISH.some([roster.people[index].id for index in places])
            message = (
                f"{who} have the same {called}: messages arrive, but a reply from there does nothing, for nobody can "
            )
            message += "tell who wrote it; give each their own, or have them act by the link in their e-mail"
            yield Fault(path_text(("people", places[1], field)), message)


def people_at(roster: Roster, channel: PersonalChannel, address: str) -> list[Person]:
    """Everybody of the roster with that address, in its order; an e-mail address counts in any case of letters."""
    address_of = _ADDRESSES[channel][2]
    wanted = address.lower() if channel == "email" else address
    return [person for person in roster.people if address_of(person) == wanted]
