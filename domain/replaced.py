"""A model with some fields replaced, as `model_copy(update=…)` makes it, in less than half of its time.

A case is copied dozens of times on its way, and a backtest plays thousands of cases. `tests/domain/test_replaced.py` holds the
two against each other, so that a new release of pydantic that copies more is noticed.
"""

from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def replaced(model: M, **changes: Any) -> M:
    """A new model like `model` with these fields, which are not validated again. Only for models without private attributes."""
    twin = object.__new__(type(model))
    put, given = object.__setattr__, model.__pydantic_fields_set__
    put(twin, "__dict__", {**vars(model), **changes})
    put(twin, "__pydantic_fields_set__", given if changes.keys() <= given else given | changes.keys())
    put(twin, "__pydantic_extra__", None)
    put(twin, "__pydantic_private__", None)
    return twin
