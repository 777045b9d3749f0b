"""Signing model folders with an own key, and verifying them, by OpenSSF model-signing. Needs the extra `sign`.

A signature covers the manifest and every file that it names. It leaves out the signature itself and
`approval.json`, which may come later and is bound to the model by its own hashes: the signature says who built the
model, the approval who reviewed it.
"""

import os
import secrets
from pathlib import Path
from types import ModuleType

from callnexus.errors import MissingExtraError, SignatureError
from callnexus.model_folder import verify_files
from callnexus.model_folder.files import LARGEST, OPTIONAL, SIGNATURE, read_file


def sign(folder: Path, private_key: Path) -> Path:
    """Return the signature file that was written into a model folder; it takes the place of an earlier one.

    Args:
        folder: An intact model folder.
        private_key: A PEM file with an EC key, such as P-256.

    Raises:
        ModelFolderError: If the folder is not intact.
        SignatureError: If the key cannot be used, or the folder cannot be written to.
        MissingExtraError: If the extra `sign` is not installed.
    """
    library = _library()
    verify_files(folder)
    target = folder / SIGNATURE
    beside = folder.resolve().parent / f".{folder.resolve().name}.{secrets.token_hex(4)}.{SIGNATURE}"
    try:
        signer = library.signing.Config().use_elliptic_key_signer(private_key=private_key)
        signer.set_hashing_config(_hashing(library)).sign(folder.resolve(), beside)
        os.replace(beside, target)
    except Exception as error:
        # The library and what it builds on raise many kinds; none of them may pass for a signature.
        raise SignatureError(f"{target}: cannot be made with {private_key}: {type(error).__name__}") from error
    finally:
        beside.unlink(missing_ok=True)
    return target


def verify(folder: Path, public_key: Path) -> None:
    """Check that a folder is signed with the private key of a public one, and was not changed since.

    Args:
        folder: A model folder.
        public_key: A PEM file.

    Raises:
        ModelFolderError: If the folder is not intact, or the key cannot be read.
        SignatureError: If the folder is unsigned, signed with another key, or altered.
        MissingExtraError: If the extra `sign` is not installed.
    """
    library = _library()
    found = verify_files(folder)
    if SIGNATURE not in found.contents:
        raise SignatureError(f"{folder / SIGNATURE}: missing: the model is not signed")
    read_file(public_key, LARGEST[SIGNATURE])
    try:
        verifier = library.verifying.Config().use_elliptic_key_verifier(public_key=public_key)
        verifier.set_hashing_config(_hashing(library)).verify(folder.resolve(), folder / SIGNATURE)
    except Exception as error:
        # As in signing: whatever goes wrong, the folder does not pass.
        raise SignatureError(
            f"{folder / SIGNATURE}: not a signature of this model by the private key of {public_key} "
            f"({type(error).__name__})"
        ) from error


def _library() -> ModuleType:
    try:
        import model_signing.signing
        import model_signing.verifying
    except ModuleNotFoundError as error:
        raise MissingExtraError("sign", error.name or "model-signing") from error
    library: ModuleType = model_signing
    return library


def _hashing(library: ModuleType) -> object:
    """Return which files are hashed, the same for signing and verifying: all but those that come after packaging."""
    return library.hashing.Config().set_ignored_paths(paths=OPTIONAL, ignore_git_paths=False)
