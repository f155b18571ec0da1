"""/openapi.json is true for those who may less, too: requests made up at random, for every other role and without a key."""

from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from api.auth import ROLES
from tests.api.schema import ALWAYS_THE_SAME, APP, MADE_UP, Served, check_answer, serving

served = pytest.fixture(scope="module")(serving)
AT_RANDOM = schemathesis.openapi.from_dict(
    APP.openapi(), config=SchemathesisConfig.from_dict({**MADE_UP, "phases": {"coverage": {"enabled": False}}})
)


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ["nobody", *(role for role in ROLES if role != "operator")])
@AT_RANDOM.parametrize()
@settings(ALWAYS_THE_SAME, max_examples=2)
def test_every_answer_to_anybody_else_is_declared(case: schemathesis.Case[Any], role: str, served: Served) -> None:
    check_answer(case, role, served)
