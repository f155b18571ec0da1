"""What providers' codes say of an address, whether they come with the answer to a sending or with a receipt later.

Twilio's error codes are numbers; SendGrid's receipts have words, written here as `sendgrid.<event>`. What stands here is for
good: an address that refused one message (a full mailbox, a provider that blocks us today) is not in it.
"""

from collections.abc import Mapping
from typing import Literal

AddressFault = Literal["opted_out", "no_such_address", "takes_no_sms"]

FAULT_WORDS: Mapping[AddressFault, str] = {
    "opted_out": "its owner has opted out of our messages",
    "no_such_address": "nobody is reached there",
    "takes_no_sms": "it takes no SMS (a landline, say)",
}

ADDRESS_FAULTS: Mapping[str, AddressFault] = {
    "21610": "opted_out",
    "21211": "no_such_address",
    "21614": "takes_no_sms",
    "30006": "takes_no_sms",
    "sendgrid.bounce": "no_such_address",
    "sendgrid.spamreport": "opted_out",
    "sendgrid.unsubscribe": "opted_out",
    "sendgrid.group_unsubscribe": "opted_out",
}
