"""Tests of the durable core, mirroring the package."""
