"""``python -m robustir``."""

from robustir.cli import main

if __name__ == "__main__":
    main()
