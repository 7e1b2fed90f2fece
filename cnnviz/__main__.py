"""`python -m cnnviz`: the command line."""


def main() -> None:
    """Runs the command line; says what to install where the packages of the app are missing."""
    try:
        from cnnviz.cli import main as run_command
    except ModuleNotFoundError as error:
        raise SystemExit(f'The command line needs {error.name}. Install it with: pip install "cnnviz[app]"') from None
    run_command()


if __name__ == "__main__":
    main()
