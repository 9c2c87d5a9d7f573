"""What was already done to which database, so that a second start need not do it again."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import psycopg


def digest_of(files: Iterable[Path], root: Path) -> str:
    """Return one sha256 over names and contents, in the order of the names."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(str(file.relative_to(root)).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def migrations(source: Path) -> str:
    """Return the digest of every migration file under src/."""
    return digest_of(source.glob("**/migrations/*.py"), source)


def program(source: Path) -> str:
    """Return the digest of everything under src/ that a loading command may depend on."""
    kept = (path for path in source.glob("**/*") if path.is_file() and "__pycache__" not in path.parts)
    return digest_of(
        (path for path in kept if path.suffix in {".py", ".json", ".csv", ".toml", ".txt"}), source
    )


def database_identity(url: str) -> str:
    """Return what tells this very database from a new one of the same name."""
    query = "select (select system_identifier from pg_control_system()), oid from pg_database where datname = current_database()"
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query).fetchone()
    return ":".join(str(part) for part in row or ())


class Stamps:
    """The stamp file of one var directory."""

    def __init__(self, file: Path, database: str) -> None:
        self.file = file
        self.database = database

    def done(self, step: str, digest: str) -> bool:
        """Tell whether the step was done with this digest on this database."""
        return self._read().get(step) == [self.database, digest]

    def write(self, step: str, digest: str) -> None:
        """Record that the step succeeded."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({**self._read(), step: [self.database, digest]}, indent=1))
        new.replace(self.file)

    def _read(self) -> dict[str, list[str]]:
        try:
            content = json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
