"""The rows that tests find: made once, kept in memory, put back after a test that committed or for the next one."""

from django.db import connection, transaction

_TABLES = """
SELECT quote_ident(relname) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'django_migrations'
 ORDER BY 1
"""


class Ground:
    """The rows of the test database at one moment."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)
            tables = [name for (name,) in cursor.fetchall()]
            self._which = " UNION ALL ".join(
                f"SELECT {n} WHERE EXISTS (SELECT FROM {table})" for n, table in enumerate(tables)
            )
            self._tables = tables
            self._rows: dict[str, bytes] = {}
            for table in self._filled(cursor):
                with cursor.copy(f"COPY {table} TO STDOUT") as out:
                    self._rows[table] = b"".join(bytes(part) for part in out)

    def _filled(self, cursor: object) -> list[str]:
        cursor.execute(self._which)  # type: ignore[attr-defined]
        return [self._tables[n] for (n,) in cursor.fetchall()]  # type: ignore[attr-defined]

    def put_back(self) -> None:
        """Make the database what it was: the rows alone, without the acts that made them."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # past the triggers: rows may go
            for table in self._filled(cursor):
                cursor.execute(f"DELETE FROM {table}")
            for table, rows in self._rows.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as into:
                    into.write(rows)
            cursor.execute("SET LOCAL session_replication_role = origin")
