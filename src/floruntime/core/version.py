"""The version of this package, as client and server tell it to each other."""

VERSION = "0.1.0"
