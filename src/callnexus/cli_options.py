"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    Path | None, typer.Option("--model", "-m", help="A model folder; without it, the one that is shipped.")
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", help="A city's policy as TOML; without it, the model folder's own.")
]
Labelled = Annotated[list[Path], typer.Argument(help="JSONL files of annotated examples, or folders of them.")]
JsonOption = Annotated[Path | None, typer.Option("--to", help="Also write everything as JSON.")]
