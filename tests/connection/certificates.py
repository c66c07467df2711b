"""Certificates for the fake API server, made by openssl for each test run."""

import ipaddress
import ssl
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


@dataclass(frozen=True)
class Pem:
    certificate: bytes
    key: bytes

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "server.pem"
            path.write_bytes(self.certificate + self.key)
            context.load_cert_chain(path)
        return context


class Authority:
    """A certificate authority: a root, or vouched for by another one."""

    def __init__(self, name: str, issuer: "Authority | None" = None) -> None:
        constraint = "basicConstraints=critical,CA:TRUE"
        self._pem = _new(name, [constraint, "keyUsage=critical,keyCertSign"], issuer)
        self.certificate = self._pem.certificate

    def issue(self, common_name: str, *names: str) -> Pem:
        """A certificate for a client, or for a server of these DNS names and addresses."""
        extensions = ["basicConstraints=critical,CA:FALSE"]
        if names:
            extensions.append(f"subjectAltName={','.join(map(_alternative, names))}")
        return _new(common_name, extensions, self)

    def issue_expired(self, common_name: str) -> Pem:
        """A certificate for a client that was valid until yesterday."""
        with tempfile.TemporaryDirectory() as name:
            key, request, certificate = (Path(name) / each for each in ("key", "csr", "crt"))
            argv = ["openssl", "req", "-new", *_NEW_KEY[:-2], "-subj", f"/CN={common_name}"]
            subprocess.run(
                [*argv, "-keyout", str(key), "-out", str(request)], check=True, capture_output=True
            )
            argv = ["openssl", "x509", "-req", "-in", str(request), *self.write(Path(name))]
            subprocess.run(
                [*argv, "-days", "-1", "-out", str(certificate)], check=True, capture_output=True
            )
            return Pem(certificate.read_bytes(), key.read_bytes())

    def write(self, folder: Path) -> list[str]:
        """The options by which openssl signs with this authority."""
        (folder / "ca.crt").write_bytes(self._pem.certificate)
        (folder / "ca.key").write_bytes(self._pem.key)
        return ["-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key")]


def _new(common_name: str, extensions: list[str], issuer: Authority | None) -> Pem:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, certificate = folder / "new.key", folder / "new.crt"
        argv = ["openssl", "req", "-x509", *_NEW_KEY, "-subj", f"/CN={common_name}"]
        argv += ["-keyout", str(key), "-out", str(certificate)]
        argv += issuer.write(folder) if issuer else []
        argv += [word for extension in extensions for word in ("-addext", extension)]
        subprocess.run(argv, check=True, capture_output=True)
        return Pem(certificate.read_bytes(), key.read_bytes())


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
