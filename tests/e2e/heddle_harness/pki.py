"""A certificate authority of our own, by the openssl command: good SVIDs and every kind of bad one."""

import base64
import datetime
import os
import shutil
import ssl
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
    """One trust domain's root in a folder: a new one, or one whose certificate and key are in the file `existing`."""

    def __init__(self, folder, trust_domain=TRUST_DOMAIN, existing=None):
        self.folder = folder
        self.trust_domain = trust_domain
        os.makedirs(folder, exist_ok=True)
        self.root = os.path.join(folder, "root.pem")
        self._key = os.path.join(folder, "root.key")
        for path in (self.root, self._key) if existing else ():
            shutil.copy(existing, path)
        if not existing:
            self._make_root()
        self._config = os.path.join(folder, "ca.cnf")
        self._write("ca.cnf", _CA_CONFIG.format(folder=folder))
        self._write("index.txt", "")

    def _make_root(self):
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self._key,
                 "-out", self.root, "-days", "30", "-subj", f"/O={self.trust_domain}",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 "-addext", f"subjectAltName=URI:spiffe://{self.trust_domain}")

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _extensions(self, name, names):
        return self._write(f"{name}.ext", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                           f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=critical,{names}\n")

    def issue(self, name, uri=None, lifetime=None):
        """A SVID for `uri`. `lifetime` is (start, end) as YYYYMMDDHHMMSSZ; a day from now when it is left out."""
        uri = uri or spiffe_id(name, trust_domain=self.trust_domain)
        return self._sign(name, f"URI:{uri}", lifetime)

    def issue_web(self, name, names="IP:127.0.0.1,DNS:localhost"):
        """The certificate of a web server: these names and no id."""
        return self._sign(name, names)

    def _sign(self, name, names, lifetime=None):
        key, request, certificate = (os.path.join(self.folder, f"{name}.{end}") for end in ("key", "csr", "pem"))
        extensions = self._extensions(name, names)
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


class Organisation:
    """A root that knows nothing of Heddle, and the intermediates it issues for a mesh."""

    def __init__(self, folder, name="Example Organisation"):
        self._folder = folder
        self._count = 0
        os.makedirs(folder, exist_ok=True)
        self.root = os.path.join(folder, "org.pem")
        self._key = os.path.join(folder, "org.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", self._key,
                 "-out", self.root, "-days", "30", "-subj", f"/O={name}/CN=Root",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def intermediate(self, lifetime=86400, constraints="critical,CA:TRUE,pathlen:0", usage="critical,keyCertSign,cRLSign",
                     extra=f"subjectAltName=URI:spiffe://{TRUST_DOMAIN}"):
        """(certificate, key), valid for `lifetime` seconds; an empty extension is left out."""
        self._count += 1
        base = os.path.join(self._folder, f"mesh-{self._count}")
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = ((now + datetime.timedelta(seconds=by)).strftime("%Y%m%d%H%M%SZ") for by in (-60, lifetime))
        with open(base + ".ext", "w", encoding="ascii") as file:
            file.write(f"basicConstraints={constraints}\nkeyUsage={usage}\nsubjectKeyIdentifier=hash\n"
                       f"authorityKeyIdentifier=keyid:always\n{extra}\n")
        with open(base + ".cnf", "w", encoding="ascii") as file:
            file.write(_CA_CONFIG.format(folder=self._folder))
        with open(os.path.join(self._folder, "index.txt"), "w", encoding="ascii"):
            pass
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key",
                 "-out", base + ".csr", "-subj", f"/O=Mesh CA {self._count}")
        _openssl("ca", "-batch", "-config", base + ".cnf", "-cert", self.root, "-keyfile", self._key, "-in",
                 base + ".csr", "-out", base + ".pem", "-startdate", start, "-enddate", end, "-extfile", base + ".ext",
                 "-notext")
        os.chmod(base + ".key", 0o600)
        return base + ".pem", base + ".key"


def chain_of(path):
    """The certificates of a PEM file as text blocks."""
    end = "-----END CERTIFICATE-----"
    with open(path, encoding="ascii") as file:
        return [block.strip() + end for block in file.read().split(end)[:-1]]


def jwks(root_files, sequence=None, hint=None):
    """A SPIFFE bundle of all certificates in these files, as a value."""
    blocks = [block for path in root_files for block in chain_of(path)]
    ders = [base64.b64encode(ssl.PEM_cert_to_DER_cert(block)).decode() for block in blocks]
    bundle = {"keys": [{"use": "x509-svid", "kty": "EC", "x5c": [der]} for der in ders]}
    if sequence is not None:
        bundle["spiffe_sequence"] = sequence
    if hint is not None:
        bundle["spiffe_refresh_hint"] = hint
    return bundle


def certificates_of(bundle):
    """The DER of every root of a SPIFFE bundle."""
    return [base64.b64decode(key["x5c"][0]) for key in bundle["keys"]]


def is_chain_good(root, chain):
    """Whether openssl finds a way from the first certificate of a file to the root."""
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", chain, chain],
                          capture_output=True, check=False)
    return done.returncode == 0


def end_of(certificate):
    """notAfter in seconds since 1970."""
    text = _openssl("x509", "-in", certificate, "-noout", "-enddate", "-dateopt", "iso_8601").strip()
    end = datetime.datetime.strptime(text.split("=")[1], "%Y-%m-%d %H:%M:%SZ")
    return end.replace(tzinfo=datetime.timezone.utc).timestamp()


def is_expired(certificate, ahead=0):
    """Now, or `ahead` seconds from now."""
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-checkend", str(ahead)], capture_output=True,
                          check=False)
    return done.returncode != 0


def serial_of(certificate):
    return _openssl("x509", "-in", certificate, "-noout", "-serial").strip()
