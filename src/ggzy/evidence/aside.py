"""A database connection beside the pool: for what must outlive, or outlast, the request's own transaction."""

import psycopg
from django.db import connection

_OF_DJANGO = ("cursor_factory", "context")


def connect() -> psycopg.Connection:
    """Return a new autocommitting connection to the same database; close it after use."""
    params = connection.get_connection_params()
    return psycopg.connect(
        **{name: value for name, value in params.items() if name not in _OF_DJANGO}, autocommit=True
    )
