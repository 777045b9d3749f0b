"""Why a decision came out as it did: a small enumeration of reason codes, and which cue means which.

A cue of the lexicon gives the code of its concept when it is present, and the code of its scope otherwise: a gun is
`weapon_present`, no gun seen is `weapon_denied`, a gun taken away is `secured`. A concept that a city adds and this
table does not know is `other_cue`.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType


class ReasonCode(StrEnum):
    """One reason for a decision. The value is what programs keep, `phrase` what people read."""

    phrase: str

    def __new__(cls, value: str, phrase: str) -> "ReasonCode":
        """Return a member with its phrase."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.phrase = phrase
        return member

    # Danger
    WEAPON_PRESENT = "weapon_present", "weapon present"
    WEAPON_USED = "weapon_used", "weapon used or shown"
    MEANS_AT_HAND = "means_at_hand", "means of suicide or harm at hand"
    VIOLENCE = "violence", "violence in progress or just over"
    DEADLY_PLACE = "deadly_place", "deadly place"
    RECKLESSNESS = "recklessness", "in live traffic or driving recklessly"
    THREAT = "threat", "threat"
    FIRE_OR_GAS = "fire_or_gas", "fire, gas or explosives in somebody's hands"
    HOSTAGE_OR_BARRICADE = "hostage_or_barricade", "hostage or barricade"
    DEPENDANT_ENDANGERED = "dependant_endangered", "child or dependant endangered"
    ESCALATION = "escalation", "getting worse"
    # Mental health
    SUICIDAL = "suicidal", "suicidal"
    SUICIDE_ATTEMPT = "suicide_attempt", "suicide attempt"
    SELF_HARM = "self_harm", "self-harm"
    PSYCHOSIS = "psychosis", "signs of psychosis"
    MANIA = "mania", "signs of mania"
    DISORGANISED = "disorganised", "disorganised behaviour"
    PSYCHIATRIC_TAG = "psychiatric_tag", "coded or sent as psychiatric"
    KNOWN_CONDITION = "known_condition", "known psychiatric condition"
    OFF_MEDICATION = "off_medication", "off medication"
    DISTRESS = "distress", "distress"
    STATE_OF_MIND = "state_of_mind", "worry about state of mind"
    DEMENTIA_OR_DISABILITY = "dementia_or_disability", "dementia, autism or intellectual disability"
    # What takes a reason back
    WEAPON_DENIED = "weapon_denied", "weapon denied"
    DENIED = "denied", "denied or ruled out"
    SECURED = "secured", "secured or settled"
    HISTORY_ONLY = "history_only", "history only"
    ANOTHER_PERSON = "another_person", "about another person"
    ASKED_ONLY = "asked_only", "asked or unknown"
    # Other explanations
    MEDICAL_CAUSE = "medical_cause", "medical cause"
    SUBSTANCE = "substance", "alcohol or drugs"
    FIGURE_OF_SPEECH = "figure_of_speech", "figure of speech"
    REPLICA_OR_PLAY = "replica_or_play", "replica, play or film"
    PLACE_OR_JOB = "place_or_job", "a place or job, not a crisis"
    CARRIED_NOT_USED = "carried_not_used", "carried, not used"
    EQUIPMENT_HAZARD = "equipment_hazard", "hazard made by equipment"
    CALM = "calm", "calm"
    ORDINARY_MATTER = "ordinary_matter", "ordinary matter"
    # Where no cue decides
    OTHER_CUE = "other_cue", "another cue of the lexicon"
    WORDING = "wording", "the wording as a whole"
    NOTHING_FOUND = "nothing_found", "no cue found"
    # What an earlier remark found, of a call that is followed
    FLAGGED_EARLIER = "flagged_earlier", "flagged earlier and not cleared"
    # Why there is no decision
    TOO_LITTLE_TEXT = "too_little_text", "too little text"
    ANOTHER_SCRIPT = "another_script", "written in another script"
    UNLIKE_TRAINING_DATA = "unlike_training_data", "unlike the narratives the model was trained on"


_R = ReasonCode
SPEAKS_AGAINST: frozenset[ReasonCode] = frozenset(
    {
        _R.WEAPON_DENIED, _R.DENIED, _R.SECURED, _R.HISTORY_ONLY, _R.ANOTHER_PERSON, _R.ASKED_ONLY, _R.MEDICAL_CAUSE,
        _R.SUBSTANCE, _R.FIGURE_OF_SPEECH, _R.REPLICA_OR_PLAY, _R.PLACE_OR_JOB, _R.CARRIED_NOT_USED,
        _R.EQUIPMENT_HAZARD, _R.CALM, _R.ORDINARY_MATTER,
    }
)  # fmt: skip
"""What a person takes as a reason for a no. The model may weigh a cue the other way: a history of attempts, say."""

UNTOLD: frozenset[ReasonCode] = frozenset({_R.WORDING, _R.NOTHING_FOUND, _R.OTHER_CUE})
"""What tells a person nothing of its own."""

CODE_OF_CONCEPT: Mapping[str, ReasonCode] = MappingProxyType(
    {
        **dict.fromkeys(("weapon", "weapon_blade", "weapon_gun", "weapon_improvised"), _R.WEAPON_PRESENT),
        **dict.fromkeys(("violence", "violence_property"), _R.VIOLENCE),
        **dict.fromkeys(("deadly_place", "drowning_exposure"), _R.DEADLY_PLACE),
        **dict.fromkeys(("threat", "return_threat"), _R.THREAT),
        **dict.fromkeys(("psychosis", "paranoia"), _R.PSYCHOSIS),
        **dict.fromkeys(("psychiatric_tag", "clinician_request"), _R.PSYCHIATRIC_TAG),
        **dict.fromkeys(("diagnosis", "medication_psychiatric"), _R.KNOWN_CONDITION),
        **dict.fromkeys(("distress", "panic", "trauma_grief"), _R.DISTRESS),
        **dict.fromkeys(("cognitive", "neurodevelopmental"), _R.DEMENTIA_OR_DISABILITY),
        **dict.fromkeys(("secured", "search_clear"), _R.SECURED),
        **dict.fromkeys(("medical", "medical_collapse", "medication_medical"), _R.MEDICAL_CAUSE),
        **dict.fromkeys(("figure_nexus", "figure_risk"), _R.FIGURE_OF_SPEECH),
        **dict.fromkeys(("calm_coherent", "lost_calm"), _R.CALM),
        **dict.fromkeys(("nuisance", "police_routine", "property_crime", "ordinary_upset"), _R.ORDINARY_MATTER),
        "weapon_use": _R.WEAPON_USED,
        "means_at_hand": _R.MEANS_AT_HAND,
        "traffic_reckless": _R.RECKLESSNESS,
        "fire_gas": _R.FIRE_OR_GAS,
        "hostage_barricade": _R.HOSTAGE_OR_BARRICADE,
        "child_endangered": _R.DEPENDANT_ENDANGERED,
        "escalation": _R.ESCALATION,
        "suicidal": _R.SUICIDAL,
        "attempt": _R.SUICIDE_ATTEMPT,
        "self_harm": _R.SELF_HARM,
        "mania": _R.MANIA,
        "disorganised": _R.DISORGANISED,
        "off_medication": _R.OFF_MEDICATION,
        "welfare_mind": _R.STATE_OF_MIND,
        "tag_on_file": _R.HISTORY_ONLY,
        "substance": _R.SUBSTANCE,
        "replica_play": _R.REPLICA_OR_PLAY,
        "place_job_psychiatric": _R.PLACE_OR_JOB,
        "carried_not_used": _R.CARRIED_NOT_USED,
        "hazard_equipment": _R.EQUIPMENT_HAZARD,
    }
)
"""The code of each concept of the shipped lexicon, where its cue is present."""

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"mh_nexus": ("nexus", "nexus+risk", "not_nexus"), "safety_risk": ("risk", "nexus+risk", "harmless", "settled")}
)
"""The families of the shipped lexicon whose concepts a person would accept as a reason for each label."""

_CODE_OF_SCOPE = {
    "asked": _R.ASKED_ONLY,
    "past": _R.HISTORY_ONLY,
    "other": _R.ANOTHER_PERSON,
    "negated": _R.DENIED,
    "secured": _R.SECURED,
}
_WEAPONS = (_R.WEAPON_PRESENT, _R.WEAPON_USED)


@cache
def code_of(concept: str, family: str, scope: str, label: str) -> ReasonCode:
    """Return the reason code of a cue for a label: `wording` where it moves the score but is no reason for a person.

    A knife that is denied may go together with a mental health nexus in the examples; it is not why there is one.

    >>> [str(code_of("weapon_gun", "risk", "negated", label)) for label in ("mh_nexus", "safety_risk")]
    ['wording', 'weapon_denied']

    Args:
        concept: The cue's concept.
        family: The concept's family in the lexicon; one that FAMILIES does not know bears on both labels.
        scope: One of `callnexus.lexicon.SCOPES`.
        label: Name of the label.
    """
    elsewhere = any(family in families for other, families in FAMILIES.items() if other != label)
    if elsewhere and family not in FAMILIES[label]:
        return ReasonCode.WORDING
    present = CODE_OF_CONCEPT.get(concept, ReasonCode.OTHER_CUE)
    if scope == "negated" and present in _WEAPONS:
        return ReasonCode.WEAPON_DENIED
    return _CODE_OF_SCOPE.get(scope, present)
