"""Signatures: who signed, whose counts, and what is refused."""

import json
import stat
import sys

import pytest

from jupyter_lifecycle.envelope import keys, open_bundle
from jupyter_lifecycle.envelope.manifest import SIGNATURES
from jupyter_lifecycle.envelope.signatures import (
    Signature,
    dump_signatures,
    fits,
    parse_signatures,
    raw_key,
)
from jupyter_lifecycle.errors import (
    EnvelopeError,
    IntegrityError,
    MissingExtraError,
    TrustError,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(keys.KEY_VARIABLE, raising=False)
    return tmp_path / "home"


def test_a_key_signs_and_only_its_owner_reads_it(home, envelope):
    public = keys.create_key("ana")
    assert stat.S_IMODE((home / "keys" / "ana.pem").stat().st_mode) == 0o600
    assert keys.own_keys() == {"ana": public}
    bundle = open_bundle(envelope)
    signature = bundle.sign()
    assert (signature.key, signature.signer) == (public, "ana")
    manifest = (envelope / "manifest.json").read_bytes()
    assert fits(signature, manifest)
    assert not fits(signature, manifest + b" ")
    assert not fits(Signature(public, "ana", "AAAA"), manifest)
    assert not fits(Signature(public, "ana", "§"), manifest)
    assert bundle.sign() == signature
    assert open_bundle(envelope).signatures == (signature,)


def test_exports_bear_signatures_and_stay_equal(tmp_path, envelope):
    keys.create_key("ana")
    bundle = open_bundle(envelope)
    plain = bundle.export(tmp_path / "plain").read_bytes()
    bundle.sign("ana")
    first = bundle.export(tmp_path / "first").read_bytes()
    assert first == open_bundle(envelope).export(tmp_path / "again").read_bytes() != plain
    again = open_bundle(tmp_path / "first.envelope")
    assert again.signatures == bundle.signatures
    assert again.id == bundle.id


def test_a_trusted_signature_lets_code_run(envelope):
    with pytest.raises(TrustError, match="nobody said"):
        open_bundle(envelope).require_trust()
    public = keys.create_key("ana")
    open_bundle(envelope).sign()
    open_bundle(envelope).require_trust()
    keys.distrust_key("ana")
    with pytest.raises(TrustError, match="nobody said"):
        open_bundle(envelope).require_trust()
    keys.trust_key("team", public, ("other*",))
    with pytest.raises(TrustError, match="nobody said"):
        open_bundle(envelope).require_trust()
    keys.trust_key("team", public, (f"{open_bundle(envelope).manifest.name[:2]}*",))
    open_bundle(envelope).require_trust()


@pytest.mark.parametrize(
    ("require", "source", "refused"),
    [
        ("never", "elsewhere", False),
        ("elsewhere", "elsewhere", True),
        ("elsewhere", "own", False),
        ("elsewhere", "made", False),
        ("always", "own", True),
        ("always", "made", False),
    ],
)
def test_when_a_signature_is_asked_for(envelope, require, source, refused):
    keys.set_policy(require)
    bundle = open_bundle(envelope, trust=True, source=source)
    if not refused:
        bundle.require_trust()
        return
    with pytest.raises(TrustError, match=r"asks for a signature .* and it has none"):
        bundle.require_trust()
    keys.create_key("ana")
    bundle.sign()
    bundle.require_trust()
    keys.distrust_key("ana")
    with pytest.raises(TrustError, match=r"it has that of ana \([0-9a-f]{16}\), not trusted"):
        bundle.require_trust()


def test_a_signature_that_does_not_fit_is_refused_even_where_none_is_asked_for(envelope):
    public = keys.create_key("ana")
    other = Signature(public, "ana", "A" * 86 + "==")
    (envelope / SIGNATURES).write_bytes(dump_signatures([other]))
    with pytest.raises(TrustError, match="bears the key of ana does not fit"):
        open_bundle(envelope, trust=True).require_trust()


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"signatures": 1}', b'{"signatures": [{}]}', b"[" * 50_000, b" " * 70_000],
)
def test_signatures_that_cannot_be_read(envelope, data):
    with pytest.raises(IntegrityError, match=SIGNATURES):
        parse_signatures(data)
    (envelope / SIGNATURES).write_bytes(data)
    with pytest.raises(IntegrityError):
        open_bundle(envelope, trust=True).require_trust()


def test_other_algorithms_are_left_out():
    assert parse_signatures(b'{"signatures": [{"algorithm": "later"}]}') == ()


@pytest.mark.parametrize("key", ["", "AAAA", "ü", "A" * 44])
def test_what_is_no_public_key(key):
    with pytest.raises(IntegrityError, match="is no public key"):
        raw_key(key)
    with pytest.raises(IntegrityError):
        keys.trust_key("x", key)


def test_words_for_what_is_not_there(home, tmp_path):
    with pytest.raises(EnvelopeError, match="no key to sign with"):
        keys.signed(b"")
    with pytest.raises(EnvelopeError, match=r"no key 'ana' to sign with.*key create ana"):
        keys.private_key("ana")
    keys.create_key("ana")
    with pytest.raises(EnvelopeError, match="There is a key ana already"):
        keys.create_key("ana")
    keys.create_key("bob")
    with pytest.raises(EnvelopeError, match="You have the keys ana, bob"):
        keys.signed(b"")
    with pytest.raises(EnvelopeError, match=r"No key 'anna' is trusted.*ana"):
        keys.distrust_key("anna")
    with pytest.raises(EnvelopeError, match=r"letters, digits and \. _ @ -"):
        keys.create_key("../x")
    with pytest.raises(EnvelopeError, match="require is one of never, elsewhere, always"):
        keys.set_policy("sometimes")
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    with pytest.raises(EnvelopeError, match="no private key that can be read"):
        keys.private_key(str(other))
    other.write_bytes(_rsa())
    with pytest.raises(EnvelopeError, match="a key of another kind"):
        keys.private_key(str(other))
    (home / "signing.json").write_text(json.dumps({"require": "maybe", "sign": "", "keys": []}))
    with pytest.raises(EnvelopeError, match=r"signing\.json cannot be read"):
        keys.policy()


def _rsa():
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    found = generate_private_key(65537, 2048)
    return found.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_which_key_signs_a_save(home, monkeypatch):
    assert keys.signing_key(None) == keys.signing_key(False) == ""
    with pytest.raises(EnvelopeError, match="no key to sign with"):
        keys.signing_key(True)
    keys.create_key("ana")
    assert keys.signing_key(True) == "ana"
    keys.create_key("bob")
    assert keys.set_policy(sign_with="bob").sign == "bob"
    assert keys.signing_key(None) == keys.signing_key(True) == "bob"
    assert keys.signing_key(False) == ""
    monkeypatch.setenv(keys.KEY_VARIABLE, str(home / "keys" / "ana.pem"))
    assert keys.signed(b"").signer == "ana"
    assert keys.set_policy(sign_with="").sign == ""


def test_without_cryptography(monkeypatch, envelope):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    open_bundle(envelope, trust=True).require_trust()
    with pytest.raises(MissingExtraError, match=r'pip install "jupyter_lifecycle\[signing\]"'):
        keys.create_key("ana")
