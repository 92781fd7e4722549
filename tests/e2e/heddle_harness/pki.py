"""A certificate authority of our own, by the openssl command: good SVIDs and every kind of bad one."""

import os
import subprocess

TRUST_DOMAIN = "cluster.local"
_CA_CONFIG = """
[ca]
default_ca = it
[it]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
organizationName = optional
"""


def _openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(words)}: {done.stderr}")
    return done.stdout


def spiffe_id(account, namespace="default", trust_domain=TRUST_DOMAIN):
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{account}"


class Credential:
    """Paths of a certificate, its key and the trust bundle beside it."""

    def __init__(self, certificate, key, bundle):
        self.certificate = certificate
        self.key = key
        self.bundle = bundle

    def identity(self):
        """The `identity` block of a bootstrap file."""
        return {"source": "files", "certificate": self.certificate, "key": self.key, "bundle": self.bundle}


class Authority:
    """One trust domain's root in a folder."""

    def __init__(self, folder, trust_domain=TRUST_DOMAIN):
        self.folder = folder
        self.trust_domain = trust_domain
        os.makedirs(folder, exist_ok=True)
        self.root = os.path.join(folder, "root.pem")
        self._key = os.path.join(folder, "root.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self._key,
                 "-out", self.root, "-days", "30", "-subj", f"/O={trust_domain}",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 "-addext", f"subjectAltName=URI:spiffe://{trust_domain}")
        self._config = os.path.join(folder, "ca.cnf")
        self._write("ca.cnf", _CA_CONFIG.format(folder=folder))
        self._write("index.txt", "")

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _extensions(self, name, uri):
        return self._write(f"{name}.ext", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                           f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=critical,URI:{uri}\n")

    def issue(self, name, uri=None, lifetime=None):
        """A SVID for `uri`. `lifetime` is (start, end) as YYYYMMDDHHMMSSZ; a day from now when it is left out."""
        uri = uri or spiffe_id(name, trust_domain=self.trust_domain)
        key, request, certificate = (os.path.join(self.folder, f"{name}.{end}") for end in ("key", "csr", "pem"))
        extensions = self._extensions(name, uri)
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                 "-out", request, "-subj", "/O=heddle")
        if lifetime is None:
            _openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self._key, "-CAcreateserial",
                     "-out", certificate, "-days", "1", "-extfile", extensions)
        else:
            _openssl("ca", "-batch", "-config", self._config, "-cert", self.root, "-keyfile", self._key, "-in", request,
                     "-out", certificate, "-startdate", lifetime[0], "-enddate", lifetime[1], "-extfile", extensions,
                     "-notext")
        os.chmod(key, 0o600)
        return Credential(certificate, key, self.root)

    def issue_expired(self, name, uri=None):
        return self.issue(name, uri, ("20240101000000Z", "20240102000000Z"))

    def issue_self_signed(self, name, uri=None):
        """A leaf that nobody signed; its bundle is ours, so that its holder trusts us."""
        uri = uri or spiffe_id(name, trust_domain=self.trust_domain)
        key, certificate = (os.path.join(self.folder, f"{name}.{end}") for end in ("key", "pem"))
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                 "-out", certificate, "-days", "1", "-subj", "/O=heddle",
                 "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature",
                 "-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", f"subjectAltName=critical,URI:{uri}")
        os.chmod(key, 0o600)
        return Credential(certificate, key, self.root)


def serial_of(certificate):
    return _openssl("x509", "-in", certificate, "-noout", "-serial").strip()
