import base64
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

import callnexus
from callnexus import sign_off, signing
from callnexus.errors import MissingExtraError, ModelFolderError, SignatureError
from callnexus.model_folder import manifest, write
from tests.model_folder.sealing import seal
from tests.old_models.freeze import first_parts, first_reports

needs_extra = pytest.mark.skipif(
    not all(find_spec(name) for name in ("model_signing", "OpenSSL")),
    reason="the extra is not installed: pip install 'callnexus[sign]'",
)
GATE = {"gate": "fairness.miss_rate_gap", "group": None, "figure": 0.04, "limit": 0.1, "passed": True, "waiver": None}


def make_keys(place: Path, curve: str = "SECP256R1") -> tuple[Path, Path]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    key = ed25519.Ed25519PrivateKey.generate() if curve == "ed25519" else ec.generate_private_key(getattr(ec, curve)())
    private, public = place / f"{curve}.pem", place / f"{curve}.pub"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_keys(tmp_path_factory.mktemp("other_keys"))


@pytest.fixture
def unsigned(tmp_path: Path) -> Path:
    return write(tmp_path, replace(first_parts(), notes={"gates": [GATE]}), first_reports())


@pytest.fixture
def signed(unsigned: Path, keys: tuple[Path, Path]) -> Path:
    signing.sign(unsigned, keys[0])
    return unsigned


@needs_extra
def test_a_signed_model_loads_with_the_public_key_and_predicts_as_before(signed: Path, keys: tuple[Path, Path]):
    with_key, without = callnexus.load(signed, public_key=keys[1]), callnexus.load(signed)

    assert with_key.version == without.version
    assert with_key.predict("male with a gun") == without.predict("male with a gun")
    assert sorted(path.name for path in signed.parent.iterdir()) == ["CHANGELOG.md", signed.name]


@needs_extra
def test_a_folder_is_signed_and_verified_from_wherever_it_is_named(
    unsigned: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
):
    (unsigned.parent / "current").symlink_to(unsigned, target_is_directory=True)
    for place, name in ((unsigned.parent, unsigned.name), (unsigned, "."), (unsigned.parent, "current")):
        monkeypatch.chdir(place)

        signing.sign(Path(name), keys[0])

        for known in (Path(name), unsigned):
            signing.verify(known, keys[1])
        assert [path.name for path in unsigned.parent.iterdir() if path.name.startswith(".")] == []


@needs_extra
@pytest.mark.parametrize("curve", ["SECP384R1", "SECP521R1"])
def test_keys_on_longer_curves_sign_too(unsigned: Path, tmp_path: Path, curve: str):
    private, public = make_keys(tmp_path, curve)

    signing.sign(unsigned, private)

    signing.verify(unsigned, public)


@needs_extra
def test_an_unsigned_model_is_refused(unsigned: Path, keys: tuple[Path, Path]):
    with pytest.raises(SignatureError, match="the model is not signed"):
        callnexus.load(unsigned, public_key=keys[1])


@needs_extra
def test_a_model_signed_with_another_key_is_refused(signed: Path, other_keys: tuple[Path, Path]):
    with pytest.raises(SignatureError, match="not a signature of this model"):
        callnexus.load(signed, public_key=other_keys[1])


@needs_extra
@pytest.mark.parametrize(
    ("name", "more"),
    [("card.md", b"It is approved.\n"), ("policy.toml", b"\n"), ("lexicon/cues.csv", b"attempt,zzqq xxyy\n")],
)
def test_a_model_that_was_changed_and_sealed_again_is_refused(
    signed: Path, keys: tuple[Path, Path], name: str, more: bytes
):
    content = (signed / name).read_bytes()
    (signed / name).write_bytes(content + more)
    seal(signed)

    callnexus.load(signed)
    with pytest.raises(SignatureError, match="not a signature of this model"):
        callnexus.load(signed, public_key=keys[1])


@needs_extra
def test_a_signature_of_another_model_is_refused(signed: Path, keys: tuple[Path, Path], tmp_path: Path):
    other = write(tmp_path, replace(first_parts(), release="0.0.2"), first_reports())
    shutil.copy(signed / "signature.sig", other)

    with pytest.raises(SignatureError, match="not a signature of this model"):
        callnexus.load(other, public_key=keys[1])


@needs_extra
@pytest.mark.parametrize("damage", ["empty", "not json", "other payload", "no signature"])
def test_a_damaged_signature_is_refused(signed: Path, keys: tuple[Path, Path], damage: str):
    path = signed / "signature.sig"
    bundle = json.loads(path.read_text(encoding="utf-8"))
    envelope = bundle["dsseEnvelope"]
    if damage == "other payload":
        payload = base64.b64decode(envelope["payload"]).replace(b"sha256", b"sha257")
        envelope["payload"] = base64.b64encode(payload).decode()
    elif damage == "no signature":
        envelope["signatures"] = []
    texts = {"empty": "", "not json": "{"}
    path.write_text(texts.get(damage, json.dumps(bundle)), encoding="utf-8")

    with pytest.raises(SignatureError):
        callnexus.load(signed, public_key=keys[1])


@needs_extra
def test_an_approval_may_come_after_the_signature(signed: Path, keys: tuple[Path, Path]):
    sign_off.approve(signed, by="R. Diaz", reason="gaps read")

    model = callnexus.load(signed, require_approval=True, public_key=str(keys[1]))

    assert model.status == "approved"


@needs_extra
def test_a_model_may_be_signed_after_its_approval_and_again(signed: Path, keys, other_keys):
    sign_off.approve(signed, by="R. Diaz", reason="gaps read")

    signing.sign(signed, other_keys[0])

    assert callnexus.load(signed, require_approval=True, public_key=other_keys[1]).status == "approved"
    with pytest.raises(SignatureError):
        callnexus.load(signed, public_key=keys[1])


@needs_extra
def test_a_key_that_cannot_be_used_is_refused_by_name(unsigned: Path, signed: Path, tmp_path: Path):
    private, public = make_keys(tmp_path, "ed25519")

    with pytest.raises(SignatureError, match=r"ed25519\.pem"):
        signing.sign(unsigned, private)
    with pytest.raises(SignatureError, match=r"ed25519\.pub"):
        signing.verify(signed, public)
    with pytest.raises(SignatureError, match=r"nowhere\.pem"):
        signing.sign(unsigned, tmp_path / "nowhere.pem")
    with pytest.raises(ModelFolderError, match=r"nowhere\.pub: cannot be read"):
        signing.verify(signed, tmp_path / "nowhere.pub")
    assert [path.name for path in unsigned.parent.iterdir() if path.name.startswith(".")] == []


@needs_extra
def test_a_damaged_folder_is_not_signed(unsigned: Path, keys: tuple[Path, Path]):
    (unsigned / "card.md").write_text("a better card", encoding="utf-8")

    with pytest.raises(ModelFolderError, match=r"card\.md: the content is not"):
        signing.sign(unsigned, keys[0])

    assert not (unsigned / "signature.sig").exists()


@needs_extra
def test_a_signature_covers_the_manifest_and_all_that_it_names(signed: Path):
    bundle = json.loads((signed / "signature.sig").read_text(encoding="utf-8"))
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))

    covered = {resource["name"] for resource in statement["predicate"]["resources"]}

    assert covered == {"manifest.json", *json.loads((signed / "manifest.json").read_text(encoding="utf-8"))["files"]}
    assert manifest.FORMAT >= 2


def test_without_the_extra_the_error_says_what_to_install(unsigned: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "model_signing", None)

    for act in (lambda: signing.sign(unsigned, unsigned), lambda: callnexus.load(unsigned, public_key="key.pub")):
        with pytest.raises(MissingExtraError, match=r"pip install 'callnexus\[sign\]'"):
            act()


def test_loading_without_a_key_imports_nothing_of_signing(unsigned: Path):
    code = f"import sys, callnexus; callnexus.load({str(unsigned)!r}); print('callnexus.signing' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
