"""`python -m soracom_async` is `soracom-async`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
