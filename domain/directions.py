"""Signs that change the direction of writing: in a line of ours they would turn round what stands behind another's words.

`invoice`, U+202E, `fdp.exe` shows as `invoiceexe.pdf`, and a subject that ends in one turns the rest of the line. Text in Arabic
or Hebrew is shown from right to left without them, too.
"""

import re

_SIGNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def undirected(text: str) -> str:
    """The text without such signs."""
    return _SIGNS.sub("", text)
