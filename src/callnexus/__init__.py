"""callnexus reads the narrative of an emergency call and answers two questions, with reasons.

Does the call have a mental health nexus? Is there an imminent safety risk? The two answers choose among a
city's response models. The library recommends; the dispatcher decides.

    >>> import callnexus
    >>> model = callnexus.load()
    >>> p = model.predict("CLR STS NEIGHBOR PARKED ACROSS HER DRIVEWAY AGAIN, WANTS IT TOWED")
    >>> str(p.response), str(p.mh_nexus.decision)
    ('standard', 'no')

How it is built, in reading order. Predicting needs the standard library and NumPy alone:

- `narrative`: strings become normalised bytes with offsets; `words`: bytes become hashed words;
- `lexicon`: cue phrases by concept, found with their scope (present, negated, past, ...);
- `features`: everything a model sees, extracted by one function that training and predicting share;
- `model` sums weights into scores and decides, where `sufficiency` finds enough to judge; `evidence` lays contributions
  back onto the caller's text, and `reasons` names them;
- `policy` turns two decisions into a recommended `response`, as a city wrote it down;
- `dispatch` follows a call as its narrative grows;
- `model_folder` reads and writes verified folders; `sign_off` records a reviewer's verdict in one, and `signing` (extra
  `sign`) a signature.

The training wing (extras `train` and `report`) may use all of that, never the other way: `corpus` reads
annotated examples, `training` fits and packages, `evaluation` measures, `report` writes pages, and `cli`
joins them.
"""

from dataclasses import replace
from pathlib import Path

from callnexus.dispatch.following import Call, Update
from callnexus.errors import (
    CallError,
    CallnexusError,
    MissingExtraError,
    ModelFolderError,
    NarrativeTypeError,
    NotApprovedError,
    SignatureError,
)
from callnexus.labels import LABEL_NAMES, Decision
from callnexus.model import Model
from callnexus.model_folder import Verified, identity, to_loaded, verify_files
from callnexus.policy import Circumstances
from callnexus.policy import read as _read_policy
from callnexus.prediction import Evidence, LabelPrediction, Prediction, Reason
from callnexus.reasons import ReasonCode
from callnexus.response import Response

__version__ = "0.1.0"

__all__ = [
    "LABEL_NAMES",
    "Call",
    "CallError",
    "CallnexusError",
    "Circumstances",
    "Decision",
    "Evidence",
    "LabelPrediction",
    "MissingExtraError",
    "Model",
    "ModelFolderError",
    "NarrativeTypeError",
    "NotApprovedError",
    "Prediction",
    "Reason",
    "ReasonCode",
    "Response",
    "SignatureError",
    "Update",
    "load",
]


def load(
    folder: str | Path | None = None,
    *,
    policy: str | Path | None = None,
    require_approval: bool = False,
    public_key: str | Path | None = None,
) -> Model:
    """Return a model, verified file by file; without an argument, the one that comes with the library.

    Args:
        folder: A model folder, such as "models/callnexus-0.1.0".
        policy: A city's own response policy as a TOML file, in place of the one in the folder.
        require_approval: Whether anything but a model that a reviewer approved, and whose approval has not expired,
            is refused. A status is that of the day of loading.
        public_key: A PEM file; anything but a folder signed with its private key is refused. Needs the extra `sign`.

    Raises:
        ModelFolderError: If the folder is missing, altered, or of an unknown format, or if the model computes
            something else on this machine than where it was packaged.
        PolicyError: If the policy cannot be read, or leaves a call without a response.
        NotApprovedError: If approval is required and missing, with what is missing.
        SignatureError: If a public key is given and the folder isn't signed with its private key.
        MissingExtraError: If a public key is given and the extra `sign` is not installed.
    """
    place = _default_folder() if folder is None else Path(folder)
    found = verify_files(place) if public_key is None else _signed(place, Path(public_key))
    if require_approval and found.standing.status != "approved":
        raise NotApprovedError(f"{place}: the model is {found.standing.status}, not approved: {found.standing.because}")
    model = to_loaded(found)
    return model if policy is None else replace(model, policy=_read_policy(Path(policy)))


def _signed(folder: Path, public_key: Path) -> Verified:
    # The only part of loading that needs more than NumPy.
    from callnexus.signing import verify

    before = identity(folder)
    verify(folder, public_key)
    found = verify_files(folder)
    if identity(folder) != before:
        raise SignatureError(f"{folder}: the folder was exchanged while its signature was checked; load it again")
    return found


def _default_folder() -> Path:
    here = Path(__file__).resolve().parent
    # An installed wheel carries the models beside the modules; a source checkout has them at its top.
    for models in (here / "models", here.parents[1] / "models"):
        name = models / "DEFAULT"
        if name.is_file():
            return models / name.read_text(encoding="utf-8").strip()
    raise ModelFolderError("no default model came with this installation; give load() a model folder")
