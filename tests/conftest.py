"""What holds for all tests: how the random ones search, and that an interrupt is heard.

Random tests search freely by hand, reproducibly in CI: there the same examples run each time, so
that a change is judged by what it changed; at a desk each run looks somewhere else. What a search
finds is printed, and kept as an example in its test.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("desk", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# What a shell starts in its background is deaf to SIGINT, and so would be the processes that tests
# start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
