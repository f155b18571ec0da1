"""Liveness: this process answers. Readiness: what it needs answers too, and if not, which."""

from datetime import timedelta
from typing import Any

from anyio import fail_after, to_thread
from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from api.errors import Json
from api.services import Services, Wired

router = APIRouter(tags=["health"])

PATIENCE = timedelta(seconds=2)  # load balancers ask every few seconds and give up early


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether this process is alive."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "something is unreachable"}}, response_model=dict[str, Any])
async def readyz(services: Wired) -> Response:
    """Whether requests can be served: `checks` says what is reachable."""
    temporal = await services.cases.reachable(PATIENCE)
    database = await _database_reachable(services)
    checks = {"temporal": _word(temporal), "database": _word(database)}
    ready = temporal and database
    return Json({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)


async def _database_reachable(services: Services) -> bool:
    """A connection to a machine that is gone hangs; the thread that tries is left to itself."""
    try:
        with fail_after(PATIENCE.total_seconds()):
            await to_thread.run_sync(services.database.ping, abandon_on_cancel=True)
    except (SQLAlchemyError, TimeoutError):
        return False
    return True


def _word(reachable: bool) -> str:
    return "ok" if reachable else "unreachable"
