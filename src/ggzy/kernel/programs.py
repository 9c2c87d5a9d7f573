"""Telling programs and scripts from documents by their first bytes and their names. Pure."""

_BEGINNINGS = {b"MZ": "Windows程序", b"\x7fELF": "Linux程序", b"#!": "脚本", b"\xca\xfe\xba\xbe": "程序"}
_ENDINGS = (".exe", ".dll", ".bat", ".cmd", ".com", ".scr", ".js", ".vbs", ".ps1", ".sh", ".jar", ".msi")


def program_kind(name: str, beginning: bytes) -> str:
    """Return what sort of program a file is by its name and its first four bytes, or nothing for a document."""
    for start, says in _BEGINNINGS.items():
        if beginning.startswith(start):
            return says
    return "程序" if name.lower().endswith(_ENDINGS) else ""
