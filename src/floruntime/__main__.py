"""`python -m floruntime` is `flo`."""

from floruntime.cli.main import main

main()
