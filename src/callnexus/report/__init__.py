"""Reports that people read: the fairness page (HTML and JSON) and the model card. Needs the extra `report`.

Plain tables come in as JSON types and text goes out. Nothing is measured here, and no report holds a time,
so that the same model always has the same reports.
"""

from importlib.util import find_spec

from callnexus.errors import MissingExtraError

for _package in ("jinja2", "matplotlib", "scipy"):
    if find_spec(_package) is None:
        raise MissingExtraError("report", _package)
