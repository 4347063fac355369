"""Two runs beside each other, and the bounds that a run has to keep. Both read the per-query scores and need neither encoders nor data."""
