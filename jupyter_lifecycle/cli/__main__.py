"""``python -m jupyter_lifecycle.cli``: the same as ``jupyter lifecycle``."""

from jupyter_lifecycle.cli.main import main

raise SystemExit(main())
