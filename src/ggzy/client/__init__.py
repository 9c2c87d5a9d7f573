"""A party on its own machine: keys that never leave it, and the public API. No Django, no database."""
