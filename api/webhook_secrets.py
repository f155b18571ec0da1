"""The route of the secret that a team's webhooks are signed with: for admins, who give it to the receiver."""

from fastapi import APIRouter, Response

from api.auth import Admin
from api.errors import Json, problems
from api.services import Wired
from api.shapes import WebhookSecret
from domain.errors import NotFound
from domain.webhooks import team_secret
from signed_links import secret_of

router = APIRouter(prefix="/v1/roster/teams", tags=["roster"])


@router.get("/{id}/webhook-secret", response_model=WebhookSecret, responses=problems(401, 403, 404, 503))
def show_webhook_secret(id: str, _: Admin, services: Wired) -> Response:
    """What the receiver of a team's webhooks checks signatures with; it is the same until TIERLINE_SECRET changes."""
    if services.roster.current().team(id) is None:
        raise NotFound("team_not_found", f"the roster has no team '{id}'", field="team")
    shown = WebhookSecret(team=id, secret=team_secret(secret_of(services.settings), id))
    return Json(shown.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
