"""Annotated examples from the exports of annotation tools, and Label Studio tasks out.

One module per tool (`label_studio`, `doccano`, `prodigy`, `argilla`) and one for plain tables (`tables`) turn each
record of an export into calls of one `Gathering`, which joins the annotators' answers to examples. `reading` opens
files within bounds, `values` and `choices` check single values, `formats` knows every format by name.

An export is taken whole or refused whole, by an `ExamplesError` with a line for every bad record.
"""

from callnexus.corpus.importing.formats import FORMATS, Imported, detect_format, import_examples
from callnexus.corpus.importing.label_studio_tasks import label_studio_config, to_label_studio_tasks

__all__ = ["FORMATS", "Imported", "detect_format", "import_examples", "label_studio_config", "to_label_studio_tasks"]
