"""Certificates for servers on loopback, and what trusts them."""

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

from runners import host


@dataclass(frozen=True)
class Certificate:
    """Files: a certificate with its chain, its key, and the authority that issued it."""

    chain: Path
    key: Path
    authority: Path


def make(folder: Path) -> Certificate:
    """A new one, in files of `folder`; the key in PKCS #8, the one form that all servers read."""
    authority = trustme.CA()
    issued = authority.issue_cert(host.LOOPBACK, "localhost")
    made = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    made.chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    made.authority.write_bytes(authority.cert_pem.bytes())
    private = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.key.touch(mode=0o600)
    made.key.write_bytes(private.private_bytes(*form))
    return made
