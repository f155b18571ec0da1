"""A list of messages as Twilio gives it: newest first, a page at a time, each page naming the next."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

PAGE_SIZE = 50  # where the caller names none


def paged(target: str, messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The page that the request `target` (path and query) asks for, of all `messages`."""
    asked = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    size, page = int(query.get("PageSize", PAGE_SIZE)), int(query.get("Page", 0))
    ends = (page + 1) * size
    more = f"{asked.path}?{urlencode({**query, 'Page': page + 1})}" if ends < len(messages) else None
    return {"messages": list(messages[page * size : ends]), "page": page, "page_size": size, "next_page_uri": more}
