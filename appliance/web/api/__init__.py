"""The versioned JSON API, described by OpenAPI at ``/api/v1/openapi.json``; it does all that the page does."""

from appliance.web.api import changes, charts, guides, house, reads  # noqa: F401 - their routes register themselves
from appliance.web.api._routes import api

__all__ = ["api"]
