"""The commands about a packaged model: its status, a reviewer's sign-off, its signature."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from callnexus.prediction_panel import visible

_out = Console(highlight=False)

Folder = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, such as models/callnexus-0.1.0.")]
By = Annotated[str, typer.Option(help="The reviewer's name.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in the reviewer's words; kept in the folder.")]
Expires = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day on which the verdict holds.")]
Accept = Annotated[bool, typer.Option("--accept-waivers", help="The waived gates were read and are accepted.")]
PrivateKey = Annotated[Path, typer.Option("--key", help="A PEM file with a private EC key.")]
PublicKey = Annotated[Path, typer.Option(help="The PEM file with its public key.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (status, approve, reject, sign, verify):
        app.command()(command)


def status(model: Folder) -> None:
    """Say whether a model is a demonstration, a candidate, approved or rejected, and what that rests on.

    Example: `callnexus status models/callnexus-0.1.0`
    """
    from callnexus.sign_off import standing, waivers_of

    found = standing(model)
    _print(f"{found.status}: {found.because}")
    if found.verdict is not None:
        _print(f"reason: {found.verdict.reason}")
        _print(f"holds until: {found.verdict.expires or 'it is replaced'}")
    for together in waivers_of(model):
        _print(f"{len(together.gates)} gate(s) waived by {together.by} on {together.date}: {together.reason}")
        for gate in together.gates:
            _print(f"- {gate}")


def approve(model: Folder, by: By, reason: Why, expires: Expires = None, accept_waivers: Accept = False) -> None:
    """Record that a reviewer approves this very model, having read this very fairness report.

    Refused, with exit code 1, while a gate is failing and unwaived, if no gates were run when it was packaged, and for
    a demonstration; and, where gates were waived, without `--accept-waivers`: the waivers are listed. The approval
    stands in `approval.json` in the folder, bound to the hashes of model and report; a changed model needs a new one.

    Example: `callnexus approve models/my_city-1.0.0 --by "R. Diaz" --reason "Gaps accepted" --expires 2027-06-30`
    """
    from callnexus import sign_off

    given = sign_off.approve(model, by=by, reason=reason, expires=expires, accept_waivers=accept_waivers)
    _show(given.verdict, model)
    waived = sign_off.waivers_of(model)
    who = ", ".join(dict.fromkeys(together.by for together in waived))
    _print(f"waived gates accepted: {given.waived}" + (f", waived by {who}" if who else ""))


def reject(model: Folder, by: By, reason: Why, expires: Expires = None) -> None:
    """Record that a reviewer rejects this very model; it takes the place of an approval.

    Example: `callnexus reject models/my_city-1.0.0 --by "R. Diaz" --reason "Misses too many calls in Spanish"`
    """
    from callnexus import sign_off

    _show(sign_off.reject(model, by=by, reason=reason, expires=expires).verdict, model)


def sign(model: Folder, key: PrivateKey) -> None:
    """Sign a model folder with an own key, by OpenSSF model-signing. Needs the extra `sign`.

    The file `signature.sig` in the folder covers the manifest and every file that it names; not `approval.json`, which
    may come later.

    Make a key, once:

    - `openssl ecparam -name prime256v1 -genkey -noout -out key.pem`
    - `openssl ec -in key.pem -pubout -out key.pub`

    Example: `callnexus sign models/my_city-1.0.0 --key key.pem`
    """
    from callnexus import signing

    _out.print(f"signed: {signing.sign(model, key)}", markup=False, soft_wrap=True)


def verify(model: Folder, public_key: PublicKey) -> None:
    """Check that a model folder is intact and signed with the private key of a public one. Needs the extra `sign`.

    In a program: `callnexus.load(folder, public_key="key.pub")`.

    Example: `callnexus verify models/my_city-1.0.0 --public-key key.pub`
    """
    from callnexus import signing

    signing.verify(model, public_key)
    _out.print(f"{model}: intact, and signed with the private key of {public_key}", markup=False, soft_wrap=True)


def _show(verdict: str, model: Path) -> None:
    _print(f"{verdict}: {model / 'approval.json'}")


def _print(line: str) -> None:
    # A manifest's and a reviewer's words: nothing of them may act on the terminal.
    _out.print(visible(line), markup=False, soft_wrap=True)
