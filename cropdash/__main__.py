"""`python -m cropdash …`."""

from cropdash.cli.app import main

if __name__ == "__main__":
    main()
