"""Every verb of the `tierline` command line, through the real API to the real workflow."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli
from tests.scenarios.system import Tierline
from tests.scenarios.test_stories import LADDER


class Terminal:
    """A terminal with an admin's key; `by` names who acts."""

    def __init__(self, tierline: Tierline, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIERLINE_URL", str(tierline.http.base_url).rstrip("/"))
        monkeypatch.setenv("TIERLINE_KEY", tierline.keys["admin"])

    async def types(self, *words: str, code: int = 0) -> str:
        """Run one command line and return what it prints."""
        ran = await asyncio.to_thread(CliRunner().invoke, cli.app, list(words))
        assert ran.exit_code == code, f"{words} ended with {ran.exit_code}: {ran.output}{ran.exception or ''}"
        return ran.output

    async def reads(self, *words: str) -> Any:
        """The same with `--json`, parsed."""
        return json.loads(await self.types(*words, "--json"))


def example(folder: Path, number: str, policy: str = "ladder") -> str:
    body = {
        "ticket": {"system": "zendesk", "id": number, "subject": "Checkout is down"},
        "customer": {"id": "acme", "name": "Acme GmbH", "email": "it@acme.example"},
        "trigger": {"kind": "manual"},
        "policy": policy,
    }
    path = folder / f"{number}.json"
    path.write_text(json.dumps(body))
    return str(path)


async def test_a_case_from_opening_to_reopening(
    tierline: Tierline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await tierline.has_policy(LADDER)
    terminal, case, dana, lee = Terminal(tierline, monkeypatch), "zendesk-1", ("--by", "dana"), ("--by", "lee")
    assert "opened" in await terminal.types("open", example(tmp_path, "1"))
    assert (await terminal.reads("show", case))["status"] == "open"
    await terminal.types("ack", case, *dana)
    assert "dana has already acknowledged" in await terminal.types("ack", case, "--by", "sam", code=1)
    await terminal.types("note", case, "looked at it", *dana)
    await terminal.types("watch", case, "noor", *dana)
    await terminal.types("pause", case, "waiting_on_third_party", "--note", "asked the bank", *dana)
    assert (await terminal.reads("show", case))["pause"]["reason"] == "waiting_on_third_party"
    await terminal.types("resume", case, *dana)
    await terminal.types("assign", case, "sam", *dana)
    assert (await terminal.reads("show", case))["owner"] == "sam"
    await terminal.types("escalate", case, "needs a specialist", *dana)
    await terminal.types("hand-back", case, "a question of billing", *lee)
    await terminal.types("escalate", case, "a switch", "--team", "network", *dana)
    await terminal.types("reprioritize", case, "a fair", "--priority", "high", *dana)
    await terminal.types("ticket-update", case, "--subject", "Checkout is slow")
    await terminal.types("customer-reply", case, "any news?")
    await terminal.types("customer-update", case, "We found it.", *dana)
    await tierline.has_policy(LADDER.replace("8h", "9h"))
    assert (await terminal.reads("rebase", case, *dana))["policy"]["version"] == 2
    await terminal.types("resolve", case, "renewed the certificate", *dana)
    await terminal.types("reopen", case, "down again", *dana)
    await terminal.types("resolve", case, "renewed it properly", *dana)
    assert "root-cause" in await terminal.types("close", case, *dana, code=1)
    cause = ("--category", "certificate", "--description", "expired", "--origin", "ours")
    await terminal.types("root-cause", case, *cause, "--action", "preventive; lee; 2030-01-31; alert on expiry", *dana)
    await terminal.types("survey", case, "5")
    await terminal.types("close", case, *dana)
    closed = await terminal.reads("show", case)
    assert (closed["status"], closed["reopen_count"], closed["survey"]["score"]) == ("closed", 1, 5)
    assert closed["ticket"]["subject"] == "Checkout is slow"
    kinds = {entry["kind"] for entry in await terminal.reads("timeline", case)}
    assert kinds >= {
        "paused",
        "resumed",
        "assigned",
        "escalated",
        "handed_back",
        "reprioritized",
        "rebased",
        "reopened",
    }
    assert "rebased" in await terminal.types("timeline", case)
    assert await terminal.reads("messages", case)
    assert await terminal.types("outbox")


async def test_merging_cancelling_and_looking_around(
    tierline: Tierline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await tierline.has_policy(LADDER)
    terminal, dana = Terminal(tierline, monkeypatch), ("--by", "dana")
    for number in ("1", "2", "3"):
        await terminal.types("open", example(tmp_path, number))
    await terminal.types("merge", "zendesk-2", "zendesk-1", *dana)
    await terminal.types("cancel", "zendesk-3", "a false alarm", *dana)
    open_ones = (await terminal.reads("list", "--status", "open"))["items"]
    assert [one["id"] for one in open_ones] == ["zendesk-1"]
    assert "zendesk-1" in await terminal.types("list")
    policy = tmp_path / "ladder.yaml"
    policy.write_text(LADDER.replace("8h", "7h"))
    await terminal.types("policy", "check", str(policy))
    await terminal.types("policy", "apply", str(policy))
    assert {one["name"] for one in (await terminal.reads("policy", "list"))["items"]} >= {"ladder", "standard", "demo"}
    assert (await terminal.reads("policy", "show", "ladder"))["version"] == 2
    policy.write_text(LADDER.replace("acknowledge: {all: 15m}", "acknowledge: {all: -15m}").replace("sms]", "fax]"))
    faults = await terminal.types("policy", "check", str(policy), code=1)
    assert "tiers[1].targets.acknowledge.all" in faults
    assert "tiers[1].steps[0].channels[0]" in faults
    assert "dana" in await terminal.types("oncall", "support")
    assert "dana" in await terminal.types("roster", "show")
    made = await terminal.reads("keys", "create", "--role", "viewer", "--label", "a screen on the wall")
    assert "a screen on the wall" in await terminal.types("keys", "list")
    await terminal.types("keys", "revoke", made["id"])
    assert "no escalation" in await terminal.types("show", "zendesk-99", code=1)
    await terminal.types("cancel", "zendesk-1", "end of the story", *dana)
