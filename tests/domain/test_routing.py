"""Routing: which policy a case runs by, where it starts, and which matches only the name can tell apart."""

from typing import Any

import pytest

from domain.errors import Invalid
from domain.policy import Policy
from domain.routing import choose_policy, functional_team, match_ties, start_tier
from domain.tickets import Customer, Ticket, Trigger


def policy(name: str, match: dict[str, Any] | None = None, **more: object) -> Policy:
    tiers = [
        {
            "name": tier,
            "team": "support",
            "targets": {"acknowledge": {"all": "1h"}},
            "steps": [{"tell": "on_call", "channels": ["email"]}],
        }
        for tier in ("L1", "L2", "L3")
    ]
    data = {"name": name, "match": match, "owner_of_last_resort": "ops-manager", "tiers": tiers, **more}
    return Policy.model_validate(data)


def chosen(*policies: Policy, named: str | None = None, **facts: Any) -> str:
    ticket = {"system": "zendesk", "id": "1", "subject": "x", **facts.get("ticket", {})}
    customer = {"id": "acme", "name": "Acme", **facts.get("customer", {})}
    return choose_policy(
        policies,
        named,
        Ticket.model_validate(ticket),
        Customer.model_validate(customer),
        Trigger(kind=facts.get("kind", "manual")),
    ).name


STANDARD = policy("standard")
ZENDESK = policy("zendesk", {"ticket": {"system": ["zendesk", "freshdesk"]}})


def test_a_named_policy_is_taken_whatever_matches() -> None:
    assert chosen(STANDARD, ZENDESK, policy("demo"), named="demo") == "demo"


def test_a_named_policy_must_exist_and_the_known_ones_are_listed() -> None:
    with pytest.raises(Invalid) as refused:
        chosen(STANDARD, ZENDESK, named="standart")
    assert (refused.value.code, refused.value.field) == ("unknown_policy", "policy")
    assert "known policies: standard, zendesk" in refused.value.message


def test_match_takes_any_value_of_a_list() -> None:
    assert chosen(STANDARD, ZENDESK) == "zendesk"
    assert chosen(STANDARD, ZENDESK, ticket={"system": "freshdesk"}) == "zendesk"
    assert chosen(STANDARD, ZENDESK, ticket={"system": "jira"}) == "standard"


def test_match_needs_all_its_keys() -> None:
    both = policy("both", {"customer": {"tier": "vip"}, "trigger": {"kind": "severity"}})
    assert chosen(STANDARD, both, customer={"tier": "vip"}, kind="severity") == "both"
    assert chosen(STANDARD, both, customer={"tier": "vip"}) == "standard"
    assert chosen(STANDARD, both, kind="severity") == "standard"


def test_match_with_most_keys_wins() -> None:
    vip = policy("zz-vip", {"ticket": {"system": "zendesk"}, "customer": {"tier": "vip"}})
    assert chosen(STANDARD, ZENDESK, vip, customer={"tier": "vip"}) == "zz-vip"
    assert chosen(STANDARD, ZENDESK, vip) == "zendesk"


def test_match_with_as_many_keys_goes_by_name_in_any_order() -> None:
    other = policy("acme", {"customer": {"id": "acme"}})
    assert chosen(STANDARD, ZENDESK, other) == "acme"
    assert chosen(other, ZENDESK, STANDARD) == "acme"


@pytest.mark.parametrize(
    ("match", "facts"),
    [
        ({"ticket": {"category": "outage"}}, {"ticket": {"category": "outage"}}),
        ({"ticket": {"product": "checkout"}}, {"ticket": {"product": "checkout"}}),
        ({"ticket": {"tags": ["eu", "us"]}}, {"ticket": {"tags": ["us", "beta"]}}),
        ({"customer": {"id": "acme"}}, {}),
        ({"customer": {"tier": "vip"}}, {"customer": {"tier": "vip"}}),
        ({"customer": {"locale": "de"}}, {"customer": {"locale": "de"}}),
        ({"trigger": {"kind": "severity"}}, {"kind": "severity"}),
    ],
)
def test_match_looks_at_ticket_customer_and_trigger(match: dict[str, Any], facts: dict[str, Any]) -> None:
    assert chosen(STANDARD, policy("special", match), **facts) == "special"
    assert chosen(STANDARD, policy("special", match), customer={"id": "other"}) == "standard"


def test_without_any_match_and_without_standard_the_case_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        chosen(policy("demo"))
    assert refused.value.code == "unknown_policy"


def test_match_ties_are_found_at_load() -> None:
    acme = policy("acme", {"customer": {"id": "acme"}})
    (tie,) = match_ties([ZENDESK, STANDARD, acme])
    assert tie.path == "zendesk.match"
    assert "'acme'" in tie.message


def test_match_of_different_values_or_another_number_of_keys_is_no_tie() -> None:
    jira = policy("jira", {"ticket": {"system": "jira"}})
    more = policy("more", {"ticket": {"system": "zendesk", "product": "x"}})
    assert match_ties([STANDARD, ZENDESK, jira, more]) == []


def test_match_of_different_tags_is_a_tie_because_a_ticket_may_carry_both() -> None:
    assert len(match_ties([policy("a", {"ticket": {"tags": "eu"}}), policy("b", {"ticket": {"tags": "us"}})])) == 1


def test_a_case_starts_at_the_first_tier_unless_its_priority_says_otherwise() -> None:
    ladder = policy("ladder", start_tier={"critical": "L2"})
    assert [start_tier(ladder, priority) for priority in ("low", "high", "critical")] == [0, 0, 1]


# functional

RULES: list[dict[str, Any]] = [
    {"team": "payments", "ticket": {"product": ["checkout", "billing"]}},
    {"team": "support-de", "customer": {"locale": ["de", "de-AT"]}},
    {"team": "payments-de", "ticket": {"product": "checkout"}, "customer": {"locale": "de"}},
    {"team": "outages", "ticket": {"category": "outage"}},
    {"team": "dba", "skill": ["database", "sql"]},
    {"team": "dba-de", "skill": "database", "customer": {"locale": "de"}},
]


def team_for(skill: str | None = None, locale: str | None = None, **ticket: Any) -> str | None:
    facts = {"system": "zendesk", "id": "1", "subject": "x", **ticket}
    customer = {"id": "acme", "name": "Acme", **({"locale": locale} if locale else {})}
    return functional_team(
        policy("standard", functional=RULES),
        skill,
        Ticket.model_validate(facts),
        Customer.model_validate(customer),
        Trigger(kind="manual"),
    )


def test_functional_team_by_product_category_or_language() -> None:
    assert team_for(product="billing") == "payments"
    assert team_for(category="outage") == "outages"
    assert team_for(locale="de-CH") == "support-de", "German is German"


def test_functional_team_with_most_keys_wins_then_the_order_of_the_file() -> None:
    assert team_for(product="checkout", locale="de") == "payments-de"
    assert team_for(product="billing", locale="de") == "payments"


def test_functional_team_by_skill_is_only_for_who_asks_for_the_skill() -> None:
    assert team_for("sql", product="checkout") == "dba"
    assert team_for("Database", locale="de") == "dba-de"
    assert team_for("network", product="checkout") is None
    assert team_for() is None
