"""The classifier process: learned detectors, asked by the data workers over a Unix socket."""
