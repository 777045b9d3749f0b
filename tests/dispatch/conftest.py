"""A model so small that every score can be worked out by hand: an intercept of -2 and one weight a cue."""

import numpy as np
import pytest

from callnexus import Model, policy
from callnexus.features import Extractor, FeatureSpec
from callnexus.lexicon import SCOPES, Concept, Cue, Lexicon
from callnexus.model import Thresholds
from callnexus.sufficiency import KNOWN_BITS, Sufficiency

CUES = {
    "gun": ("weapon_gun", "risk", (0.0, 6.0)),
    "knife": ("weapon_blade", "risk", (0.0, 3.0)),
    "threat": ("threat", "risk", (0.0, 1.0)),
    "calm": ("calm_coherent", "settled", (0.0, -8.0)),
    "suicidal": ("suicidal", "nexus", (6.0, 0.0)),
}


@pytest.fixture(scope="session")
def small() -> Model:
    concepts = tuple(Concept(name, family, "x") for name, family, _ in CUES.values())
    lexicon = Lexicon(concepts, tuple(Cue(CUES[phrase][0], phrase) for phrase in CUES), ())
    spec = FeatureSpec(bits=4, pair_bits=4, pair_scale=0.0, word_scale=0.0, character_scale=0.0)
    extractor = Extractor(spec, lexicon)
    weights = np.zeros((extractor.columns, 2), np.float32)
    weights[: len(CUES) * len(SCOPES) : len(SCOPES)] = [added for *_, added in CUES.values()]
    thresholds = dict.fromkeys(("mh_nexus", "safety_risk"), Thresholds(yes_from=0.5, no_below=0.3))
    sufficiency = Sufficiency(1, np.ones(1 << KNOWN_BITS, np.bool_), 1.0)
    return Model(extractor, weights, np.full(2, -2.0), thresholds, sufficiency, policy.shipped(), "small-0")
