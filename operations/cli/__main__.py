"""``python -m operations.cli``."""

from operations.cli.program import main

if __name__ == "__main__":
    main()
