"""Standard input, output and error, any of which may be closed when `flo` begins."""

from __future__ import annotations

import os


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
