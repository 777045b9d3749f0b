"""Hypothesis strategies for narratives, in one place."""

from hypothesis import strategies as st

from callnexus.lexicon import shipped

_LEXICON = shipped()
_PHRASES = [cue.phrase for cue in _LEXICON.cues[::37]] + [marker.phrase for marker in _LEXICON.markers[::7]]

anything = st.text(st.characters(codec=None), max_size=200)
"""Any string at all, lone surrogates and NUL included."""

call_like = st.lists(
    st.one_of(st.sampled_from(_PHRASES), st.sampled_from([",", ".", "//", "?", "but", "W/M 30"]), st.text(max_size=12)),
    max_size=25,
).map(" ".join)
"""Strings full of cues, markers and separators."""

narratives = st.one_of(anything, call_like)
