"""`python -m emulators`: the platform on this machine."""

import sys


def main() -> None:
    """Ctrl-C is no error, also while the imports take their second or two."""
    try:
        from emulators.cli import app  # noqa: PLC0415 - inside, for the sake of Ctrl-C
        from emulators.settings import PROGRAM  # noqa: PLC0415 - as above

        app(prog_name=PROGRAM)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
