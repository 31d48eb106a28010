"""`bench.py` with the servers of a folder beside the real ones: `python bench_with_fakes.py FOLDER ARGUMENTS...`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import bench
import runners.servers

runners.servers.__path__.append(sys.argv.pop(1))
sys.exit(bench.main(sys.argv[1:]))
