"""Certificates made for a test."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """Vouches for certificates, which it writes to files."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._ca = trustme.CA()
        self._directory = directory
        self._count = 0
        self.file = str(directory / f"{name}.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str = "127.0.0.1") -> tuple[str, str]:
        """The files of a new certificate and its key."""
        self._count += 1
        stem = self._directory / f"{Path(self.file).stem}-{self._count}"
        issued = self._ca.issue_cert(name)
        files = f"{stem}-cert.pem", f"{stem}-key.pem"
        issued.private_key_pem.write_to_path(files[1])
        for number, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(files[0], append=number > 0)
        return files

    def client(self, *certificate: str) -> ssl.SSLContext:
        """What a client connects with that trusts this authority."""
        context = ssl.create_default_context(cafile=self.file)
        if certificate:
            context.load_cert_chain(*certificate)
        return context
