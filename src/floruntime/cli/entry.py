"""Where `flo` begins: the command line, or one line on what it needs."""

from __future__ import annotations

import atexit
import gc
import sys

from floruntime.cli.descriptors import occupy_closed_descriptors

EXIT_NOT_INSTALLED = 5
GC_THRESHOLD = 50_000
"""What is loaded makes no cycles worth looking for, and each look walks all that is there."""


def main() -> None:
    """Run `flo`. A client alone lacks what it needs, and is told how to get it."""
    gc.set_threshold(GC_THRESHOLD)
    atexit.register(gc.freeze)  # at the end it would walk all that is loaded, to free what ends
    occupy_closed_descriptors()
    try:
        from floruntime.cli.main import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("floruntime"):
            raise
        print(
            f"error: flo needs the package {error.name}, which is not installed: pip "
            "install 'floruntime[cli]'",
            file=sys.stderr,
        )
        sys.exit(EXIT_NOT_INSTALLED)
    run()
