"""What somebody wrote themselves in an e-mail: no quotes, no signature, no markup, whatever their mail program made of it.

A mail comes from anybody, so its cost is bounded before it is read: only its beginning counts, which is where a reply stands,
and nothing goes to a parser that is slow on made-up input (`html.parser` is, on tags that never end) before that is taken out.

What people quote is our own message, with a link that is theirs alone. So links are left out before anything else, and whatever
language a mail program speaks, its quote is cut off.
"""

import codecs
import re
import unicodedata
from collections.abc import Collection, Iterator
from email.message import Message
from html.parser import HTMLParser

from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage

from signed_links import PATH, masked

LONGEST_KEPT = 5_000  # characters of a reply
LONGEST_HTML = 100_000  # characters; style sheets of mail programs come before the words

# The library's patterns take the square of a line's length, and more of a text's: both are bounded before.
_LONGEST_READ = 6_000  # characters in which quotes and signatures are looked for
_LONGEST_LINE = 300  # characters; no quote header is longer
_JOINT = "\x01\n\x01"  # where a longer line was parted; no text holds this sign, control characters are taken out
_LANGUAGES = ["de", "en"]  # whose greetings are known; of all languages some are the beginnings of ordinary sentences

_NOT_OF_TEXT = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})  # some are slow
_SUPERSETS = {"iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}  # what programs really send

_RULE = re.compile(r"^(?:[-_=]{5,}.*|--)$", re.MULTILINE)  # what stands below a line across the page is not the reply
_OTHERS = [known for language, known in MAIL_LANGUAGES.items() if language not in _LANGUAGES]
_QUOTED = re.compile(
    "|".join(
        [
            *(known["wrote_header"] for known in _OTHERS if "wrote_header" in known),
            # One line alone is no header, though the library's Polish has it so: `Do: …` begins a sentence.
            *(known["from_header"].replace("{1,}", "{2,}") for known in _OTHERS),
            # In any language: a day or an hour, and at the end of the line, or of the next one, an address and a colon.
            r"^(?=[^\n]*\d)[^\n]{0,200}\n?[^\n]{0,200}<\s?[^\s<>@]{1,64}@[^\s<>@]{1,255}>[^\n<>]{0,40}[:：]$",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)
_OUR_LINK = re.compile(rf"^(?:[^\n]{{0,80}}:)?[ <]*https?://[^\s<>]*{PATH}…>?$", re.MULTILINE)  # a line of our messages
_SENT_FROM = re.compile(
    r"^(?:von mein\w+ .{1,40} gesendet|gesendet (?:mit|aus) .{1,60}|.{0,20}outlook für (?:ios|android|mac).{0,20})\.?$",
    re.IGNORECASE | re.MULTILINE,
)


def own_text(message: Message, ours: Collection[str] = ()) -> str:
    """What the sender wrote, from the first text that is not attached; from HTML where there is no plain text. Never raises.

    `ours` are addresses of our own, for what quotes them.
    """
    texts: dict[str, str] = {}
    for part in _texts(message):
        payload = part.get_payload(decode=True)
        kind = part.get_content_subtype()
        if isinstance(payload, bytes) and kind not in texts and payload.strip():
            texts[kind] = decoded(payload, part.get_content_charset())
    return own_words(texts.get("plain", ""), texts.get("html", ""), ours)


def own_words(plain: str, html: str, ours: Collection[str] = ()) -> str:
    """The sender's own words in a plain text, else in HTML; at most `LONGEST_KEPT` characters, lines ended by `\\n`."""
    return _unquoted(masked(_tidy(plain if plain.strip() else _text_of_html(html))), ours)


def decoded(data: bytes, charset: str | None) -> str:
    """Bytes as text: in the character set they claim, else UTF-8, else as western European with `?` for what is none."""
    for name in (charset or "utf-8", "utf-8"):
        try:
            known = codecs.lookup(name).name
            if known not in _NOT_OF_TEXT:
                return data.decode(_SUPERSETS.get(known, known))
        except (LookupError, ValueError):  # unknown, misspelled, or not what the bytes are
            continue
    return data.decode("cp1252", "replace")


def _texts(message: Message) -> Iterator[Message]:
    """The parts people read, in order; not what is attached, and not the mails inside a mail."""
    if message.is_multipart():
        if message.get_content_maintype() == "multipart":
            for part in message.get_payload():
                if isinstance(part, Message):
                    yield from _texts(part)
    elif (
        message.get_content_type() in ("text/plain", "text/html") and message.get_content_disposition() != "attachment"
    ):
        yield message


def _tidy(text: str) -> str:
    """Lines without white space around them, one empty line at most between them, no control characters, no half ones."""
    whole = text.encode("utf-8", "replace").decode()
    lines = (
        "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in line) for line in whole.splitlines()
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in lines)).strip()


def _unquoted(text: str, ours: Collection[str]) -> str:
    lines = (line for line in text.split("\n") if not line.startswith(">"))
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:_LONGEST_READ]
    above = _RULE.split(own, maxsplit=1)[0]
    parted = _before_quote("\n".join(_parted(line) for line in above.split("\n")), ours)
    mail = EmailMessage(text=parted, languages=list(_LANGUAGES), keep_hyphen_lists=True).read()  # type: ignore[no-untyped-call]
    reply = mail.replies[0]
    words = reply.content.removeprefix(reply.headers or "")
    if reply.signatures:
        words = words[: words.rfind(reply.signatures)]
    words = words.replace(_JOINT, "").replace("\x01", "")
    return _SENT_FROM.split(words, maxsplit=1)[0].strip()[:LONGEST_KEPT]


def _before_quote(text: str, ours: Collection[str]) -> str:
    """The words above a quote; those below where it stands on top."""
    on_top = _QUOTED.match(text)
    words = text[on_top.end() :].lstrip() if on_top else text
    address = "|".join(re.escape(one) for one in ours)
    ends = [_QUOTED, _OUR_LINK, *([re.compile(rf"^[^\n]*[<:]\s?(?:{address})\b", re.I | re.M)] if ours else [])]
    return words[: min((found.start() for one in ends if (found := one.search(words))), default=None)]


def _parted(line: str) -> str:
    return _JOINT.join(line[at : at + _LONGEST_LINE] for at in range(0, len(line), _LONGEST_LINE))


_NOISE = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>|<(?!/?[A-Za-z][^<>]{0,4000}>)", re.DOTALL)
_UNREAD = frozenset({"head", "script", "style", "title", "template", "blockquote"})  # a blockquote is what was quoted
_BLOCKS = frozenset({"p", "div", "tr", "li", "h1", "h2", "h3", "h4", "hr", "table", "ul", "ol", "pre", "blockquote"})
_QUOTE_BEGINS = re.compile(  # how Gmail, Yahoo, Outlook and Thunderbird mark what they quote
    r"gmail_quote|yahoo_quoted|divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|moz-cite-prefix|mail-editor-reference-message"
)


def _text_of_html(html: str) -> str:
    # Comments and declarations go, and a `<` that begins no tag is a sign like others: what is left takes the parser no time.
    clean = _NOISE.sub(lambda found: "&lt;" if found[0] == "<" else " ", html[:LONGEST_HTML])
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return "".join(reader.said)


class _Reader(HTMLParser):
    """Keeps the words before the quote; a block begins a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._inside: list[str] = []  # the unread elements around here
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins a line; the quote begins where its mail program says so."""
        if tag == "br":
            self.said.append("\n")
        elif tag in _BLOCKS:
            self._new_line()
        if tag in _UNREAD:
            self._inside.append(tag)
        marks = (value or "" for name, value in attrs if name in ("id", "class"))
        self._over = self._over or any(_QUOTE_BEGINS.search(mark) for mark in marks)

    def handle_endtag(self, tag: str) -> None:
        """Also ends what was opened inside and never ended."""
        if tag in _BLOCKS:
            self._new_line()
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]

    def handle_data(self, data: str) -> None:
        """Words; line breaks in the source are blanks."""
        words = re.sub(r"\s+", " ", data)
        if not (self._inside or self._over or (words == " " and self._at_start())):
            self.said.append(words)

    def _new_line(self) -> None:
        if not self._at_start():
            self.said.append("\n")

    def _at_start(self) -> bool:
        return not self.said or self.said[-1].endswith("\n")
