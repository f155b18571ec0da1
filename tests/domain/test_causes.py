"""The tree of causes: read with every mistake at once, found by id, and a word that is not in it told what is near."""

from pathlib import Path

import pytest

from domain.causes import Causes, check_causes, dump_causes, load_causes, require_known, title_of, titled
from domain.durations import Duration
from domain.errors import Invalid, PolicyFaults

SAMPLE = Path(__file__).parents[2] / "policies" / "causes.yaml"
TREE = """
recurrence: {within: 30d, count: 3, owner: lee}
categories:
  - id: service-outage
    title: {en: Service outage, de: Ausfall}
    recurrence: {count: 5}
    children:
      - {id: certificate, title: {en: Certificate expired}}
      - {id: capacity, title: {en: Capacity}, recurrence: {within: 14d}}
  - {id: data, title: {en: Data, de: Daten}}
"""


@pytest.fixture
def tree() -> Causes:
    return load_causes(TREE)


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyFaults) as refused:
        load_causes(text)
    return [str(fault) for fault in refused.value.faults]


def test_the_file_we_bring_is_a_tree_in_both_languages() -> None:
    found = load_causes(SAMPLE.read_text(encoding="utf-8"))
    assert [path for path in found.paths() if path[-1].title.de is None] == []
    assert max(len(path) for path in found.paths()) == 3
    assert len({path[-1].id for path in found.paths()}) == len(list(found.paths()))


def test_a_tree_that_is_written_down_is_read_back_as_the_same(tree: Causes) -> None:
    assert check_causes(dump_causes(tree)) == tree


def test_a_category_is_found_by_its_id_with_the_way_to_it(tree: Causes) -> None:
    path = tree.find("certificate")
    assert [category.id for category in path] == ["service-outage", "certificate"]
    assert (titled(path), titled(path, "de")) == (
        "Service outage › Certificate expired",
        "Ausfall › Certificate expired",
    )
    assert tree.find("nowhere") == ()
    assert (title_of(tree, "data", "de"), title_of(tree, "nowhere"), title_of(None, "x")) == ("Daten", "nowhere", "x")


def test_the_leaves_are_those_that_split_no_further(tree: Causes) -> None:
    assert [path[-1].id for path in tree.leaves()] == ["certificate", "capacity", "data"]


def test_what_a_category_leaves_out_the_branch_above_says(tree: Causes) -> None:
    said = {id: tree.recurrence_of(id) for id in ("data", "certificate", "capacity", "not in the tree")}
    assert {id: (rule.count, rule.within, rule.owner) for id, rule in said.items()} == {
        "data": (3, Duration(days=30), "lee"),
        "certificate": (5, Duration(days=30), "lee"),
        "capacity": (5, Duration(days=14), "lee"),
        "not in the tree": (3, Duration(days=30), "lee"),
    }


@pytest.mark.parametrize("typed", ["certifcate", "Certificate expired", "CERTIFICATE"])
def test_an_unknown_category_is_told_what_is_near_and_how_to_see_them_all(tree: Causes, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_known(tree, typed)
    assert (refused.value.code, refused.value.field) == ("unknown_category", "category")
    assert "near it: 'certificate' (Service outage › Certificate expired)" in refused.value.message
    assert "`tierline causes show` or GET /v1/causes" in refused.value.message


def test_where_nothing_is_near_it_is_told_what_stands_at_the_top(tree: Causes) -> None:
    with pytest.raises(Invalid) as refused:
        require_known(tree, "zzz")
    assert "at the top are 'service-outage', 'data'" in refused.value.message


def test_any_category_of_the_tree_goes_and_any_text_where_there_is_no_tree(tree: Causes) -> None:
    for id in ("service-outage", "certificate", "data"):
        require_known(tree, id)
    require_known(None, "whatever it was")


def test_every_mistake_of_a_file_is_told_at_once_with_its_place() -> None:
    found = faults("""
recurrence: {within: 30, count: 1}
extra: 1
categories:
  - {id: Data, title: {en: Data}}
  - {id: a, title: {en: A}, children: [{id: b, title: {de: B}}, {id: a, title: {en: A}}, {titel: x}, 3]}
  - {id: "7", title: T, recurrence: {count: many}}
""")
    assert [line.partition(": ")[0] for line in found] == [
        "recurrence.within",
        "recurrence.count",
        "extra",
        "categories[0].id",
        "categories[1].children[0].title.en",
        "categories[1].children[1].id",
        "categories[1].children[2].titel",
        "categories[1].children[2].id",
        "categories[1].children[2].title",
        "categories[1].children[3]",
        "categories[2].title",
        "categories[2].recurrence.count",
    ]
    assert "categories[1].children[1].id: 'a' stands at categories[1].id already" in found[5]


def test_a_tree_that_nobody_would_climb_is_refused() -> None:
    text = "{id: e, title: {en: E}}"
    for id in "dcba":
        text = f"{{id: {id}, title: {{en: {id}}}, children: [{text}]}}"
    load_causes(f"categories: [{text}]")
    deeper = f"{{id: top, title: {{en: Top}}, children: [{text}]}}"
    assert faults(f"categories: [{deeper}]")[0].endswith("deeper than 5 levels; nobody would find it there")


@pytest.mark.parametrize("text", ["categories: []", "categories: 3", "categories: [3]", "recurrence: {}"])
def test_a_file_without_categories_is_told_how_to_write_them(text: str) -> None:
    assert any("such as [{id: data" in line for line in faults(text))
