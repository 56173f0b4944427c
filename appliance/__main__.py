"""``python -m appliance`` is ``focuscheck``."""

import sys

from appliance.cli import main

sys.exit(main())
