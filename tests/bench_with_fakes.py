"""`bench.py` with the servers of tests/servers beside the real ones."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import bench  # noqa: E402
import runners.servers  # noqa: E402

runners.servers.__path__.append(str(ROOT / "tests" / "servers"))
sys.exit(bench.main(sys.argv[1:]))
