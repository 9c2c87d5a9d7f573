"""The rooms of this centre, for pages and the API."""

from dataclasses import dataclass

from ggzy.venues.models import Room

LABELS = {Room.OPENING: "开标室", Room.EVALUATION: "评标室"}


@dataclass(frozen=True, kw_only=True)
class RoomRow:
    """A room as everybody may know it."""

    room: str
    name: str
    kind: str
    label: str
    seats: int
    place: str


def rooms() -> list[RoomRow]:
    """Return the centre's rooms, openings first, then by name."""
    return [
        RoomRow(
            room=r.public_id, name=r.name, kind=r.kind, label=LABELS[r.kind], seats=r.seats, place=r.place
        )
        for r in Room.objects.order_by("-kind", "name")
    ]
