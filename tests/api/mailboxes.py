"""People's mailboxes, as SendGrid brings their mail to us and the answers come back."""

from email.message import EmailMessage
from typing import Any

import httpx2

from api.inbound import act
from records.answers import MailAnswer
from tests.api.conftest import Api
from tests.api.signing import INBOUND_KEY
from tests.api.test_replies import Phones
from tests.sendgrid import parsed

INBOUND = "/v1/hooks/sendgrid/inbound"
REPLIES = "reply@in.tierline.example"
DANA, SAM, ADA, STRANGER = "dana@tierline.example", "sam@tierline.example", "ada@acme.example", "eve@else.example"


class Mails:
    """Dana's and Sam's mailboxes, a customer's and a stranger's; dana and sam have been told of the cases that are open."""

    def __init__(self, phones: Phones) -> None:
        self.api = phones.api
        self.phones = phones
        self._sent = 0

    async def posts(self, request: dict[str, Any], key: str = INBOUND_KEY) -> httpx2.Response:
        """What SendGrid posts to us; then the API acts on what it has kept."""
        answer = await self.api.call("POST", f"{INBOUND}?key={key}", None, **request)
        while await act(self.api.services):
            pass
        return answer

    async def sends(self, sender: str, text: str, subject: str = "Re: Please acknowledge", **more: Any) -> str:
        """A proven mail to us; the text that goes back, empty for none."""
        before = self.api.temporal.answers[:]
        proven, bounce_to = more.pop("proven", True), more.pop("bounce_to", None)
        request = parsed(self.written(sender, text, subject, **more), proven=proven, bounce_to=bounce_to)
        assert (await self.posts(request)).status_code == 204
        new = [id for id in self.api.temporal.answers if id not in before]
        return "".join(self.api.services.answers.find(id).text for id in new)

    def written(self, sender: str, text: str, subject: str, **headers: str) -> EmailMessage:
        message, self._sent = EmailMessage(), self._sent + 1
        given = {
            "From": sender,
            "To": REPLIES,
            "Subject": subject,
            "Message_ID": f"<{self._sent}@x.example>",
            **headers,
        }
        for name, value in given.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message

    def answer(self) -> MailAnswer:
        """The last one."""
        return self.api.services.answers.find(self.api.temporal.answers[-1])

    def said(self) -> list[tuple[str, str, str | None]]:
        """What the cases were told: which, what, by whom."""
        return [(id, command.name, command.by) for id, command in self.api.temporal.updates]

    async def customer_writes_of(self, *tickets: str) -> list[str]:
        """Cases of Ada's; their codes."""
        for ticket in tickets:
            await self.api.opened(ticket, customer={"id": "acme", "name": "Acme", "email": "Ada@Acme.example"})
        codes, now = self.api.services.reply_codes, self.api.services.now()
        return [codes.code_for(f"zendesk-{ticket}", 1, now) for ticket in tickets]


async def mailboxes(api: Api) -> Mails:
    """Dana writes her address with capitals, and Sam reads German."""
    roster = (await api.get("/v1/roster")).json()
    roster["people"][0]["email"] = "Dana@Tierline.example"
    roster["people"][1]["locale"] = "de"
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    return Mails(Phones(api))
