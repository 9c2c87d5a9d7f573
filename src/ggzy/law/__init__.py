"""The law as data: one file per statute, rows in article order; `limits` counts days, `table` finds rows."""
