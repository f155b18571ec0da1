"""What a fresh installation begins with: the policies, the roster and the causes of a folder, and the first admin key.

All files are read before any is stored, so one broken file stops the start with every fault of every file, and the store
stays as it was.
"""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import structlog

from api.causes import owner_warnings
from api.services import Services
from domain.causes import Causes, load_causes
from domain.errors import Fault, PolicyFaults
from domain.policy import Policy
from domain.policy_file import load_policy
from domain.policy_warnings import warnings
from domain.roster import Roster
from domain.roster_file import load_roster
from domain.roster_warnings import roster_warnings
from domain.routing import match_ties

ROSTER, CAUSES = "roster", "causes"
ADMIN_KEY = "admin-key"

log = structlog.get_logger()


@dataclass(frozen=True)
class PolicyFile:
    """A policy and the hash of the file it stands in."""

    file: str
    policy: Policy
    hash: str


@dataclass(frozen=True)
class CausesFile:
    """A tree of causes and the hash of the file it stands in."""

    causes: Causes
    hash: str


@dataclass(frozen=True)
class Folder:
    """Everything a policies folder says."""

    policies: tuple[PolicyFile, ...]
    roster: Roster | None
    causes: CausesFile | None = None


def read_folder(folder: Path) -> Folder:
    """Read every YAML file of `folder`. Raises PolicyFaults with all faults of all files."""
    faults: list[Fault] = []
    policies: list[PolicyFile] = []
    roster: Roster | None = None
    causes: CausesFile | None = None
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            data = path.read_bytes()
            text = data.decode("utf-8")
            if path.stem == ROSTER:
                roster = load_roster(text, path.name)
            elif path.stem == CAUSES:
                causes = CausesFile(load_causes(text, path.name), sha256(data).hexdigest())
            else:
                policies.append(PolicyFile(path.name, load_policy(text, path.name), sha256(data).hexdigest()))
        except PolicyFaults as error:
            faults += [Fault(f"{path.name}: {fault.path}", fault.message) for fault in error.faults]
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(path.name, _why_unread(error)))
    faults += _same_names(policies)
    if faults:
        raise PolicyFaults(str(folder), faults)
    return Folder(tuple(policies), roster, causes)


def _why_unread(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 text (byte {error.start}); save it as UTF-8"
    return f"cannot be read: {error.strerror}"


def _same_names(policies: list[PolicyFile]) -> list[Fault]:
    count = Counter(one.policy.name for one in policies)
    twice = [one for one in policies if count[one.policy.name] > 1]
    return [Fault(f"{one.file}: name", f"'{one.policy.name}' is used by more than one file") for one in twice]


def seed(services: Services, now: datetime) -> None:
    """Load the folder into the store and make the first admin key. Raises PolicyFaults, OSError."""
    folder = read_folder(services.settings.policies)
    if folder.roster is not None and services.roster.seed(folder.roster, now):
        log.info("roster loaded", people=len(folder.roster.people), teams=len(folder.roster.teams))
    for one in folder.policies:
        version = services.policies.save(one.policy, "file", None, now, one.hash)
        log.info("policy read", policy=one.policy.name, file=one.file, current_version=version)
    if folder.causes is not None:
        version = services.causes.save(folder.causes.causes, "file", None, now, folder.causes.hash)
        log.info("causes read", current_version=version)
    _warn(services, now)
    first_admin_key(services, now)


def _warn(services: Services, now: datetime) -> None:
    known, roster = services.policies.latest_all(), services.roster.current()
    if not known:
        log.warning(
            "no policies", folder=str(services.settings.policies), hint="nothing can be escalated before one is PUT"
        )
    for fault in roster_warnings(roster):
        log.warning("roster warning", path=fault.path, message=fault.message)
    tree = services.causes.tree
    for fault in owner_warnings(tree, roster) if tree is not None else ():
        log.warning("causes warning", path=fault.path, message=fault.message)
    for policy in known:
        for fault in warnings(policy, roster, now):
            log.warning("policy warning", policy=policy.name, path=fault.path, message=fault.message)
    for fault in match_ties(known):
        log.warning("policy warning", path=fault.path, message=fault.message)


def first_admin_key(services: Services, now: datetime) -> Path | None:
    """Where the key was written, readable by this user only; None when there are keys already."""
    if services.keys.all():
        return None
    path = services.settings.home / ADMIN_KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # of an earlier store; a new file gets the mode below from its first byte on
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        _, secret = services.keys.create("admin", None, "first admin", now)
        file.write(secret + "\n")
    log.info("first admin key written", path=str(path))
    return path
