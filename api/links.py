"""The addresses of a case, which only the API knows, since it alone has a public address."""

from typing import Any

from api.services import Services

Document = dict[str, Any]


def with_links(services: Services, document: Document) -> Document:
    """The document with `links`: itself, its timeline, its page, its workflow in the Temporal UI."""
    public, ui = services.settings.public_address, services.settings.temporal_ui.rstrip("/")
    id, episode = document["id"], document["episode"]
    own = f"{public}/v1/escalations/{id}"
    return {
        **document,
        "links": {
            "self": f"{own}?episode={episode}",
            "timeline": f"{own}/timeline?episode={episode}",
            "page": f"{public}/escalations/{id}",
            "temporal_ui": f"{ui}/namespaces/{services.client.namespace}/workflows/{id}",
        },
    }
