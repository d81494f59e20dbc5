"""neon's path of the GPU backend; importing it fails, which scripts guard against."""

raise ImportError("neonlike runs on CPUs and has no GPU backend; use gen_backend('cpu')")
