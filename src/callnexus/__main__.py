"""The entry point: starts the command line, or says which extra is missing."""

import sys

from callnexus.errors import MissingExtraError


def main() -> None:
    """Run the command line and exit: 0 done, 1 a gate failed, 2 bad input, 130 interrupted."""
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        # The parts of a command are imported when it starts, which takes longer than some people wait.
        sys.exit(130)


def _run() -> int:
    try:
        from callnexus.cli import run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("typer", "rich", "click"):
            raise
        sys.stderr.write(f"{MissingExtraError('cli', error.name or 'typer')}\n")
        return 2
    return run()


if __name__ == "__main__":
    main()
