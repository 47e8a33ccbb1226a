"""`python -m floruntime` is `flo`."""

from floruntime.cli.entry import main

main()
