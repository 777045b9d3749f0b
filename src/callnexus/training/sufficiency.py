"""What a narrative needs to be judged, learnt from the narratives that a model was trained and calibrated on."""

from collections.abc import Sequence

import numpy as np

from callnexus.model import Model
from callnexus.narrative import normalise
from callnexus.sufficiency import Sufficiency, count_words, remember
from callnexus.training.experiment import SufficiencySection
from callnexus.words import split_words

LIMITS = (0.15, 0.6)
"""Between these the largest novelty stays, whatever one odd row of the calibration split says."""


def sufficiency_of(
    settings: SufficiencySection, training: Sequence[str], calibration: Sequence[str], *, base: Model | None = None
) -> Sufficiency:
    """Return the words of the training narratives, and a largest novelty from the calibration ones.

    Args:
        settings: Fewest words, from how many narratives a word is known, and the margin over the largest novelty in
            the calibration split.
        training: Narratives whose words are known; those of the base model are known too.
        calibration: Narratives of other writers, or of later calls.
        base: The model that is adapted, if any.
    """
    known = remember(split_words(normalise(training)), held_by=settings.known_from)
    if base is not None:
        known |= base.sufficiency.known_words
    counts = count_words(split_words(normalise(calibration)), len(calibration), known)
    largest = counts.novelty().max(initial=0.0)
    return Sufficiency(settings.fewest_words, known, float(np.clip(largest * settings.novelty_margin, *LIMITS)))
