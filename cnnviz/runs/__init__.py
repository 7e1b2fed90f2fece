"""The life of runs: kept in a store, trained by one worker process per device."""
