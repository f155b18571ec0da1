"""The form that SendGrid's Inbound Parse posts, read piece by piece: a mail with pictures has megabytes, its reply a few lines.

Of the fields we know only the beginning is kept, of files nothing: a form takes the same memory whatever is attached to it.
"""

from collections.abc import Mapping
from typing import Any

from python_multipart.multipart import MultipartParser, parse_options_header

from api.mail_replies import READ
from domain.errors import Invalid

WANTED = frozenset({"email", "headers", "text", "html", "envelope", "dkim", "SPF", "charsets"})


class MailForm:
    """One form as it comes in. Raises Invalid `invalid_form` when it cannot be read."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Invalid("invalid_form", "send the form as multipart/form-data with a boundary, as Inbound Parse does")
        self._fields: dict[str, bytearray] = {}
        self._header, self._value = b"", b""
        self._disposition = b""
        self._into: bytearray | None = None  # where the part that is read now is kept; None for one that is not
        self._ended = False
        self._parser = self._parsing(options[b"boundary"])

    def feed(self, piece: bytes) -> None:
        """Read on."""
        try:
            self._parser.write(piece)
        except (ValueError, AssertionError) as error:
            raise Invalid("invalid_form", f"the form cannot be read: {error}") from None

    def fields(self) -> Mapping[str, bytes]:
        """The beginnings of the fields, as they came: their texts are in any character set."""
        if not self._ended:
            raise Invalid("invalid_form", "the form is cut off: its closing boundary is missing")
        return {name: bytes(kept) for name, kept in self._fields.items()}

    def _parsing(self, boundary: bytes) -> MultipartParser:
        callbacks: Any = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_data,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        try:
            return MultipartParser(boundary, callbacks)
        except ValueError as error:
            raise Invalid("invalid_form", f"the form cannot be read: {error}") from None

    def _begin_part(self) -> None:
        self._disposition, self._into = b"", None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _begin_data(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name")
        if name is None:
            raise ValueError("a part of it has no name")
        known = name.decode("utf-8", "replace")
        if known in WANTED and known not in self._fields and b"filename" not in options:
            self._into = self._fields.setdefault(known, bytearray())

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._into is not None:
            self._into += data[start : min(end, start + READ - len(self._into))]

    def _end(self) -> None:
        self._ended = True
