"""YAML as people mean it: a small, strict reader for policy and roster files.

YAML 1.1 turns the key `on` into True, `12:30` into 750 and `2026-05-15` into a date. This reader knows only true/false,
null, plain decimal numbers, text, lists and maps; keys are always text, and so are `+49301…` and `0815`. Whatever could
hide a mistake or blow up in memory (double keys, anchors, tags, deep nesting, too many bytes) is refused with its place.
"""

import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver

from domain.errors import Fault, PolicyFaults

LARGEST_FILE = 500_000  # bytes: some seconds to read. A hundred tiers are under 100 kB
LARGEST_ROSTER = 5_000_000  # bytes: some seconds, too. 20,000 overrides and absences are under 3 MB
DEEPEST = 30  # levels; the deepest policy has eight

_BOOL, _NULL = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"
_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_TOLD_BY_ONE = re.compile(f"{Reader.NON_PRINTABLE.pattern}|\ufeff")  # characters whose place libyaml counts in bytes
_NO_CHARACTER = "an escape such as \\U00110000 that stands for no character"
_LONGEST_NUMBER = 30  # digits; Python itself refuses thousands of them


class _Refused(Exception):
    """The first thing that makes the rest unreadable."""

    def __init__(self, mark: Mark | None, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(_place(mark), message)


class _Strict(Composer, BaseResolver):
    """Makes values of what a parser reads: the few plain types above and no way to share or tag a value."""

    def __init__(self, parser: Any) -> None:
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.check_event, self.peek_event, self.get_event = parser.check_event, parser.peek_event, parser.get_event
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Composes one node, after looking at its event for what we refuse."""
        event = self.peek_event()
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(
                mark, "anchors (&name) and aliases (*name) are not read; write the value out where it is needed"
            )
        if getattr(event, "tag", None) is not None:
            raise _Refused(mark, f"the tag '{event.tag}' is not read; write the plain value")
        if self._depth >= DEEPEST:
            raise _Refused(mark, f"nested deeper than {DEEPEST} levels; a policy needs eight")
        self._depth += 1
        try:
            return Composer.compose_node(self, parent, index)
        finally:
            self._depth -= 1


for _tag, _pattern, _first in (
    (_BOOL, r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    (_NULL, r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    (_INT, r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    (_FLOAT, r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    _Strict.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def parse_yaml(text: str, what: str, largest: int = LARGEST_FILE) -> dict[str, object]:
    """The top-level map of `text`, which has at most `largest` bytes; `what` names the file in the error.

    Raises PolicyFaults: all double keys at once, or the first thing that makes the rest unreadable.
    """
    if len(text.encode("utf-8", "surrogatepass")) > largest:
        message = f"larger than {largest // 1000:,} kB, the most that is read; name the right file, or shorten it"
        raise PolicyFaults(what, [Fault("line 1, column 1", message)])
    faults: list[Fault] = []
    try:
        value = _read(text, faults)
    except _Refused as refused:
        raise PolicyFaults(what, [*faults, refused.fault]) from None
    if faults:
        raise PolicyFaults(what, faults)
    return value


def _read(text: str, faults: list[Fault]) -> dict[str, object]:
    node = _compose(text)
    if node is None:
        raise _Refused(None, "the file is empty; it must hold a map of keys and values such as 'name: standard'")
    if not isinstance(node, MappingNode):
        raise _Refused(node.start_mark, "the file must hold a map of keys and values such as 'name: standard'")
    return _mapping(node, faults)


def _parser(text: str) -> Any:
    """PyYAML's parser, whose words tell best what is wrong; for what is larger than any policy libyaml's, five times as fast."""
    large = len(text) > LARGEST_FILE and yaml.__with_libyaml__
    return yaml.CBaseLoader(text) if large and not _TOLD_BY_ONE.search(text) else yaml.BaseLoader(text)


def _compose(text: str) -> Node | None:
    try:
        parser = _parser(text)
        return _Strict(parser).get_single_node()
    except ReaderError as error:
        raise _Refused(_mark_at(text, error.position), "a character that no text file may hold; delete it") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Refused(mark, _in_plain_words(error.problem or error.context or "not YAML", text, mark)) from None
    except (ValueError, OverflowError):
        raise _Refused(parser.get_mark(), _NO_CHARACTER) from None


def _in_plain_words(problem: str, text: str, mark: Mark | None) -> str:
    if "cannot start any token" in problem and mark and text[mark.index : mark.index + 1] == "\t":
        return "a tab; indent with spaces"
    if "invalid Unicode character escape code" in problem:
        return _NO_CHARACTER
    if "but found another document" in problem:
        return "a second document ('---'); write one policy or roster in each file"
    if "mapping values are not allowed" in problem:
        return "a colon where none can stand; check the indentation, or put quotes around a text that contains ': '"
    return f"this is not YAML ({problem}); check indentation, brackets and quotes just before"


def _value(node: Node, faults: list[Fault]) -> object:
    if isinstance(node, MappingNode):
        return _mapping(node, faults)
    if isinstance(node, SequenceNode):
        return [_value(item, faults) for item in node.value]
    return _scalar(node)


def _mapping(node: MappingNode, faults: list[Fault]) -> dict[str, object]:
    found: dict[str, object] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key = _key(key_node)
        value = _value(value_node, faults)
        if key in found:
            message = f"the key '{key}' stands here twice (first in line {lines[key]}); keep one of them"
            faults.append(Fault(_place(key_node.start_mark), message))
            continue
        found[key] = value
        lines[key] = key_node.start_mark.line + 1
    return found


def _key(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return str(node.value)
    raise _Refused(node.start_mark, "a list or map cannot be a key; put quotes around a text that starts with [ or {")


def _scalar(node: Node) -> object:
    text = str(node.value)
    if node.tag == _BOOL:
        return text.lower() == "true"
    if node.tag == _NULL:
        return None
    if node.tag not in (_INT, _FLOAT):
        return text
    if len(text) > _LONGEST_NUMBER:
        raise _Refused(node.start_mark, "a number of more than 30 digits; put quotes around it if it is a text")
    return int(text) if node.tag == _INT else float(text)


def _mark_at(text: str, position: int) -> Mark:
    before = text[:position]
    return Mark("", position, before.count("\n"), position - before.rfind("\n") - 1, None, 0)


def _place(mark: Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "line 1, column 1"
