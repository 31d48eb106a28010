"""Everything that runs as a process: servers, load, and the experiment that brings them together."""
