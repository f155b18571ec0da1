"""Drawings and tables of a page, read back."""

import html
import re
import xml.etree.ElementTree as ET

from tests.api.browser import Page


def drawings(page: Page) -> list[ET.Element]:
    """Every drawing of the page, in its order."""
    return [ET.fromstring(one) for one in re.findall(r"<svg.*?</svg>", page.html, re.DOTALL)]  # noqa: S314 - ours


def parts(drawing: ET.Element, kind: str) -> list[ET.Element]:
    """The elements that have this class."""
    return [one for one in drawing.iter() if kind in (one.get("class") or "").split()]


def texts(element: ET.Element, kind: str) -> list[str]:
    """What the elements of this class say."""
    return [one.text or "" for one in parts(element, kind)]


def title(element: ET.Element) -> str:
    """What is said when somebody points at it."""
    return element.findtext("title") or ""


def table(page: Page, kind: str) -> list[list[str]]:
    """The cells of each row of the table of that class."""
    [found] = re.findall(rf'<table class="{kind}">(.*?)</table>', page.html, re.DOTALL)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", found, re.DOTALL)
    return [[_plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def _plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", markup)).split())


def is_inert(page: Page) -> bool:
    """Nothing on it runs, styles itself or listens; scripts are files of ours."""
    own = re.findall(r"<script[^>]*>(.*?)</script>", page.html, re.DOTALL)
    inline = [one for one in page.attributes if one == "style" or one.startswith("on")]
    return not any(own) and not inline and "style" not in page.tags
