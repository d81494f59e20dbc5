"""``python -m neonlike``."""

import sys

from neonlike.cli import main

sys.exit(main())
