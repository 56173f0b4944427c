"""What is kept: lenses, checks and their pictures, durable before they are shown."""

from appliance.store._opening import open_history, open_store
from appliance.store._records import CheckRecord, GuideLink, StoredCheck
from appliance.store._store import Store

__all__ = ["CheckRecord", "GuideLink", "Store", "StoredCheck", "open_history", "open_store"]
