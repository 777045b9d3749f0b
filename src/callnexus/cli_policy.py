"""The commands on response policies. Parses, calls and prints."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callnexus import policy
from callnexus.terminal import policy_table

app = typer.Typer(help="Check a city's response policy.", no_args_is_help=True)
_out = Console(highlight=False)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A policy as TOML; without it, the one that is shipped.")] = None,
) -> None:
    """Print what every pair of decisions leads to, in every district and at every hour; exit with 2 if one has a gap.

    Example: `callnexus policy check my_city.toml`, then `callnexus predict --policy my_city.toml "..."`

    An "unclear" answer is a dispatcher review; the response beside it is the less harmful one until the call is read.
    """
    found = policy.shipped() if file is None else policy.read(file)
    _out.print(policy_table(found))
    off = [str(response) for response, unit in found.units.items() if not unit.on]
    _out.print(f"policy {found.name}, sha256 {found.sha256[:12]}; off: {', '.join(off) or 'none'}", markup=False)
    _out.print("review (...): a dispatcher reads the call; until then, the less harmful response", markup=False)
    _out.print("a call whose district or hour is not known: every response that is on is taken to exist", markup=False)


# Without a second command typer would drop the group's name.
@app.callback()
def _group() -> None:
    pass
