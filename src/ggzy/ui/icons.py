"""The few icons, drawn by us on a 24 by 24 grid in one stroke; an icon never stands without its word."""

#: name → the path's data
PATHS: dict[str, str] = {
    "home": "M4 11 12 4l8 7M6 9.5V20h12V9.5M10 20v-6h4v6",
    "notice": "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
    "tender": "M4 8h16v12H4zM9 8V5h6v3M4 13h16",
    "work": "M4 5h7v7H4zM14 5h6v4h-6zM14 13h6v7h-6zM4 16h7v4H4z",
    "display": "M5 19 10 6h1l5 13M6.5 15h8M17 11h5M19.5 8.5v5",
    "bell": "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
    "search": "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5",
    "file": "M6 3h9l4 4v14H6zM15 3v4h4",
    "done": "M4 12.5 9.5 18 20 7",
    "wait": "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4l3 2",
    "stop": "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v5M12 15.5v.5",
}
