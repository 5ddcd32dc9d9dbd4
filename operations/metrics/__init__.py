"""What Prometheus reads on the admin port: folds over the records, gauges of the workers, and vLLM's own series."""
