"""Files and batches: what applications leave here to be answered when there is room."""
