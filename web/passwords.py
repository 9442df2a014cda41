"""How passwords are kept, and what it costs to check one."""

from __future__ import annotations

import math

from werkzeug.security import check_password_hash, generate_password_hash

HASHING = "scrypt:32768:8:1"
# Nobody's password: checking against it takes as long as checking against somebody's.
NOBODY = f"{HASHING}$nobodysnobodysno${'00' * 64}"


def hash_of(password: str) -> str:
    """A new hash of the password; slow on purpose, so never made within a transaction."""
    return generate_password_hash(password, HASHING)


def fits(password: str, password_hash: str) -> bool:
    """Whether the hash is of this password; as slow."""
    return check_password_hash(password_hash, password)


def up_to_date(password_hash: str, password: str) -> str:
    """The hash as it is, or a new one where hashing has become dearer since it was made."""
    return password_hash if strength(password_hash) >= strength(HASHING) else hash_of(password)


def strength(password_hash: str) -> int:
    """What a guess costs, by the parameters that scrypt's hash begins with; 0 for other methods."""
    method, *parameters = password_hash.split("$")[0].split(":")
    return math.prod(int(number) for number in parameters) if method == "scrypt" else 0
