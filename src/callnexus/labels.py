"""The two labels, in their fixed order, and the decisions a model may reach about each."""

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """What the model says of one label; `UNSURE` and `INSUFFICIENT` are real answers, never a no."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True)
class Label:
    """One question about a narrative."""

    name: str
    title: str
    definition: str


MH_NEXUS = Label(
    name="mh_nexus",
    title="mental health nexus",
    definition=(
        "The text gives reason to believe that a person involved is in a mental health crisis, or shows symptoms "
        "or behaviour of one, and that this bears on why help is asked for or on how responders should act."
    ),
)
SAFETY_RISK = Label(
    name="safety_risk",
    title="safety risk",
    definition=(
        "The text indicates that somebody (the subject, others, responders) could come to serious physical harm "
        "now, through a person's behaviour or the place they are in."
    ),
)

LABELS: tuple[Label, Label] = (MH_NEXUS, SAFETY_RISK)
"""The labels in the order of every array's last axis."""

LABEL_NAMES: tuple[str, str] = (MH_NEXUS.name, SAFETY_RISK.name)
