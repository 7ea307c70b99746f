"""Start the command line: `tieout`, or `python -m control_plane`."""


def main() -> None:
    """Run the command that the arguments name."""
    from control_plane.cli.app import app

    app(prog_name="tieout")


if __name__ == "__main__":
    main()
