"""The ready word to the customer while a promise is due: the same draft as in the reminder's e-mail, from the same file.

It is written in the customer's language. A draft that cannot be made is left out: the page matters more.
"""

from datetime import datetime
from pathlib import Path

from jinja2 import FileSystemLoader, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from activities.wording import ENGLISH, language_of, one_line
from api.openings import Document

FOLDERS = ("own-templates", "templates")  # beside the policies, as the worker looks for them


def draft(policies: Path, case: Document, now: datetime) -> str | None:
    """What can be sent as it is, once the reminder of the promise was due; None before."""
    if not _due_soon(case, now):
        return None
    jinja = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([policies / folder for folder in FOLDERS]), trim_blocks=True, lstrip_blocks=True
    )
    languages = dict.fromkeys((language_of(case["customer"].get("locale")), ENGLISH))
    try:
        template = jinja.select_template([f"{language}/_draft.j2" for language in languages])
        return template.render(subject=one_line(case["ticket"]["subject"])).strip() or None
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError):  # the user's own may do anything
        return None


def _due_soon(case: Document, now: datetime) -> bool:
    promises = [one for one in case["targets"] if one["name"] == "customer_update" and one["status"] == "running"]
    reminders = [datetime.fromisoformat(at) for one in promises for at in one["warn_at"]]
    return any(at <= now for at in reminders)
