"""An expected "no": a code for programs, a Chinese sentence for people, the clause for the dispute."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a law: the instrument's short name and the article."""

    instrument: str
    article: str

    def __str__(self) -> str:
        # a document that is cited by its number has no title to put into marks
        return (
            f"{self.instrument}{self.article}"
            if "〔" in self.instrument
            else f"《{self.instrument}》{self.article}"
        )


class Refusal(Exception):
    """The platform says no for a reason that the person can read and act upon.

    `code` is stable and for programs, `status` is the HTTP answer, `basis` the clause (if a law says so),
    `next_steps` pairs of (label, page address) that the page offers.
    """

    code = "refused"
    status = 409
    basis: Citation | None = None

    def __init__(
        self,
        message: str,
        *,
        basis: Citation | None = None,
        next_steps: tuple[tuple[str, str], ...] = (),
        field: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_steps = next_steps
        self.field = field
        if basis is not None:
            self.basis = basis

    def as_problem(self) -> dict[str, object]:
        """Return the body of the API's answer (RFC 9457 members plus ours)."""
        return {
            "type": f"urn:openggzy:{self.code}",
            "status": self.status,
            "code": self.code,
            "title": self.message,
            "message": self.message,
            "basis": str(self.basis) if self.basis else None,
            "field": self.field or None,
            "next": [{"label": label, "href": href} for label, href in self.next_steps],
        }


class NotPermitted(Refusal):
    """The person may not do this."""

    code = "permission.denied"
    status = 403


class NotSignedIn(Refusal):
    """Nobody is signed in."""

    code = "permission.sign_in_first"
    status = 401


class NotFound(Refusal):
    """There is no such thing, or it is not for this viewer to know."""

    code = "not_found"
    status = 404


class BadInput(Refusal):
    """What was sent cannot be understood; the sentence says which part and how to mend it."""

    code = "input.invalid"
    status = 422
