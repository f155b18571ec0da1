"""What the API answers about closed cases. Answers have no defaults."""

from api.shapes import Instant, Shape
from domain.search_words import Guess
from domain.tickets import Priority


class ClosureLinks(Shape):
    self: str  # noqa: RUF100 - the contract's own word
    page: str


class ClosureItem(Shape):
    """A closed case; `category` is the ticket's, `cause` and `fix` are shortened, and null where nobody had to say them."""

    id: str
    episode: int
    closed_at: Instant
    customer: str
    product: str | None
    category: str | None
    priority: Priority
    subject: str
    cause_category: str | None
    cause: str | None
    origin: str | None
    fix: str | None
    language: Guess | None
    links: ClosureLinks


class ClosurePage(Shape):
    items: list[ClosureItem]
    next_cursor: str | None


class Why(Shape):
    """The words in common, the rarest first, as they were asked for."""

    words: list[str]
    same_product: bool
    same_category: bool


class SimilarItem(ClosureItem):
    """A closed case and how much it resembles what was asked: `score` from 0 to 1."""

    score: float
    why: Why


class SimilarList(Shape):
    items: list[SimilarItem]
