"""TLS with the API server: whom we trust, and the certificate that we show."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from kubectl_stress.errors import StressError
from kubectl_stress.kube.connection import Connection, Credential

# Where Go's crypto/x509 looks, for a Python whose OpenSSL was built for another distribution.
CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)

_END = b"-----END CERTIFICATE-----"
_VERSION, _UTC_TIME = 0xA0, 0x17  # tags
_VALIDITY = 3  # after serial number, signature and issuer


def tls_context(connection: Connection, credential: Credential) -> ssl.SSLContext | None:
    """How to speak TLS with the server, for REST and exec alike; None for plain HTTP.

    Raises StressError for certificates that cannot be used.
    """
    if urlsplit(connection.server).scheme != "https":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if connection.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, connection.ca_data)
    if credential.certificate:
        _identify(context, credential, connection.user)
    return context


def _trust(context: ssl.SSLContext, ca_data: bytes | None) -> None:
    if ca_data is None:
        context.load_default_certs()
        for path in filter(os.path.isfile, () if context.get_ca_certs() else CA_FILES):
            context.load_verify_locations(cafile=path)
            return
        return
    # As kubectl: an intermediate authority may be the one that is trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        # Only comments between the certificates may be beyond ASCII.
        context.load_verify_locations(cadata=ca_data.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise StressError("the certificate authority of the cluster is not valid PEM") from error


def _identify(context: ssl.SSLContext, credential: Credential, user: str) -> None:
    try:
        with _as_file(credential.certificate + b"\n" + credential.key) as path:
            context.load_cert_chain(path, password="")
    except ssl.SSLError as error:
        raise StressError(
            f'the client certificate and key of user "{user}" do not work together: {error.reason}'
        ) from error


def expiry(pem: bytes) -> datetime | None:
    """When the first certificate stops being valid; None for what is none (RFC 5280, 4.1)."""
    try:
        end = pem.index(_END) + len(_END)
        (certificate,) = _elements(ssl.PEM_cert_to_DER_cert(pem[:end].decode().strip()))
        tbs_certificate = _elements(certificate.content)[0]
        fields = [each for each in _elements(tbs_certificate.content) if each.tag != _VERSION]
        not_after = _elements(fields[_VALIDITY].content)[1]
        form = "%y%m%d%H%M%SZ" if not_after.tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
        return datetime.strptime(not_after.content.decode(), form).replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return None


class _Element(NamedTuple):
    tag: int
    content: bytes


def _elements(der: bytes) -> list[_Element]:
    """The elements of DER one after another, each with its content."""
    found = []
    while der:
        tag, size, start = der[0], der[1], 2
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(der[2:start], "big")
        found.append(_Element(tag, der[start : start + size]))
        der = der[start + size :]
    return found


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A path to the data for OpenSSL, which reads keys from files only.

    In memory where the system can (Linux), so that even SIGKILL leaves no key on the disk.
    """
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("client-key"), "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:  # mode 0700
        path = Path(folder) / "client.pem"
        path.write_bytes(data)
        yield str(path)
