"""Password hashing: Argon2id at the strength OWASP recommends for a busy server (19 MiB, 2 passes, 1 lane)."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Argon2id with its cost written down; a stronger setting re-hashes at the next sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
