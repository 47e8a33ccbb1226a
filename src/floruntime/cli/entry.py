"""Where `flo` begins: the command line, or one line on what it needs."""

from __future__ import annotations

import os
import sys

EXIT_NOT_INSTALLED = 5


def main() -> None:
    """Run `flo`. A client alone lacks what it needs, and is told how to get it."""
    occupy_closed_descriptors()
    try:
        from floruntime.cli.main import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("floruntime"):
            raise
        print(
            f"error: flo needs the package {error.name}, which "
            "`pip install 'floruntime[server]'` brings",
            file=sys.stderr,
        )
        sys.exit(EXIT_NOT_INSTALLED)
    run()


def occupy_closed_descriptors() -> None:
    """Let no file or socket become standard input, output or error where one of these is closed.

    What is printed, by us or by a library, would go into it: into the store, or to the server.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(opened, True)
