"""How the random tests search: freely by hand, reproducibly in CI.

In CI the same examples run each time, so that a change is judged by what it changed; at a desk each
run looks somewhere else. What a search finds is printed, and kept as an example in its test.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("desk", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
