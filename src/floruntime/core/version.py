"""The version of this package, as both ends tell it to each other."""

VERSION = "0.1.0"
