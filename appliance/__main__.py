"""``python -m appliance`` is ``focuscheck``."""

from appliance.cli import command

command()
