"""Start, watch, check, save and bring back one centre on one machine.

Nothing here knows the business: it starts PostgreSQL and the program's own processes, and talks to
the rest of the product only through `python -m ggzy ...` and GET /healthz.
"""
