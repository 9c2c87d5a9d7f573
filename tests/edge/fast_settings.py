"""The product's settings with the tests' fast password hashes: for a server beside the tests' process."""

from ggzy.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
