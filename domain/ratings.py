"""What a customer means who answers the survey's question in their own words: `2`, `4/5 fast`, `5 - thank you!`.

The number must come first (a greeting aside) and stand by itself: `1st`, `5:30`, `3.5` and `10` are no score. What follows it is
the comment. A sentence that only begins with a number (`2 of our shops are down`) reads as one, too: so whoever wrote it is told
which score was understood, and how they reach us.
"""

import re

from domain.replies import GREETING, cleaned

_SCALE = r"(?:\s*(?:/|of|out of|von|aus)\s*5(?!\w))?"
_ANOTHER_NUMBER = r"\w|\s*%|[.,:⁄-]\d|/(?!\s*5(?!\w))"
_SCORE = re.compile(rf"[\s(\"'*_#>]{{0,9}}([1-5])(?!{_ANOTHER_NUMBER}){_SCALE}(?P<words>.*)", re.I | re.DOTALL)
_BETWEEN = " \n\t:;,.-–—)*/|="  # between the score and the comment


def score_in(text: str) -> tuple[int, str | None] | None:
    """The score (1 to 5) and the comment; None for words that give none. Takes any text and raises nothing."""
    found = _SCORE.fullmatch(GREETING.sub("", cleaned(text), count=1))
    if found is None:
        return None
    words = found["words"].lstrip(_BETWEEN).rstrip()
    return int(found[1]), words if re.search(r"\w", words) else None
