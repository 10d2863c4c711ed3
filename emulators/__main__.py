"""`python -m emulators`: the platform on this machine."""

from emulators.cli import app

if __name__ == "__main__":
    app(prog_name="python -m emulators")
