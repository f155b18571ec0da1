"""An address at which nothing is: whoever came with a browser gets a page, everybody else and all of `/v1` the API's problem."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from api.errors import no_route
from api.limits import API
from api.pages.frame import asked_for, page
from api.services import services_of

NOT_HERE = (404, 405)  # no such address; one that forms are sent to, and that nobody can look at


def register(app: FastAPI) -> None:
    """After the API's own errors: a status goes before the class of an error."""
    for status in NOT_HERE:
        app.add_exception_handler(status, _nowhere)


async def _nowhere(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's type of a handler is wider than its call
    problem = await no_route(request, error)
    if request.url.path.startswith(API) or "text/html" not in request.headers.get("accept", ""):
        return problem
    shown = page(await services_of(request), "nowhere.html.j2", asked_for(request), error.status_code)
    if "Allow" in problem.headers:
        shown.headers["Allow"] = problem.headers["Allow"]
    return shown
