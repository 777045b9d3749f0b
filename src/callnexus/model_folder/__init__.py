"""Reading and writing a model folder: data only, verified before anything is built from it.

A folder holds exactly the files of its format (`files`). The manifest names the SHA-256 of every other file and, in
its version, a hash of the whole content; a file that is missing, extra or altered by one byte is refused, and so is
a link, a pipe, or a file larger than its kind may be. Then the model must repeat its golden predictions here
(`golden`). Two files may come later, outside the manifest: a reviewer's verdict (`verdict`) and a signature.

In reading order: `files`, `verdict`, `manifest`, `arrays`, `parts`, `golden`, `reading`; then
`exchange`, `changelog`, `writing`. Each imports only earlier ones.

To change the format:

1. raise `manifest.FORMAT`, and `manifest.NEEDS` to the release of callnexus that will read it;
2. add the new number to `files.FILES_OF` and `arrays.ARRAYS_OF`, and a `_read_N` to `reading`;
3. keep every older number there: a packaged model stays loadable for ever;
4. freeze a small model of the new format under tests/old_models/N/ with its predictions. Frozen ones never change.

A key that is added to the manifest before a format is released needs no new number.
"""

from callnexus.model_folder.files import FILES_OF, LEXICON_FILES, REPORT_FILES
from callnexus.model_folder.manifest import FORMAT
from callnexus.model_folder.parts import Parts, to_model
from callnexus.model_folder.reading import Verified, identity, read, to_loaded, verify_files
from callnexus.model_folder.writing import write

FILES = FILES_OF[FORMAT]
"""The files of a folder as it is written today."""

__all__ = [
    "FILES",
    "FORMAT",
    "LEXICON_FILES",
    "REPORT_FILES",
    "Parts",
    "Verified",
    "identity",
    "read",
    "to_loaded",
    "to_model",
    "verify_files",
    "write",
]
