"""A stand-in for the four registers, in memory, for training centres: it knows nothing, and says so in each answer.

It compares form only: a number that begins with `UNKNOWN` is answered as not found, so that this state can be seen too.
"""

from ggzy.registry.ports import (
    Answer,
    CreditQuestion,
    LicenceQuestion,
    PersonQuestion,
    QualificationQuestion,
)

SOURCE = "演示登记系统"
#: a number that begins so is "not found" at the twin
UNKNOWN = "X"


class TwinRegisters:
    """Registers without any record of their own; answers depend on the question alone."""

    def licence(self, question: LicenceQuestion) -> Answer:
        """Agree with any organisation."""
        return self._answer(True, "演示: 名称与统一社会信用代码对应")

    def qualification(self, question: QualificationQuestion) -> Answer:
        """Agree unless the number is marked as unknown."""
        found = not question.number.startswith(UNKNOWN)
        return self._answer(found, "演示: 证书编号存在" if found else "演示: 没有查到这个证书编号")

    def person(self, question: PersonQuestion) -> Answer:
        """Agree unless the certificate is marked as unknown."""
        found = not question.certificate.startswith(UNKNOWN)
        return self._answer(found, "演示: 证书注册在本单位" if found else "演示: 没有查到这个注册证书")

    def credit(self, question: CreditQuestion) -> Answer:
        """Know of no entry."""
        return self._answer(True, "演示: 未查到严重失信记录")

    def _answer(self, agrees: bool, says: str) -> Answer:
        return Answer(agrees=agrees, says=says, source=SOURCE, demo=True)
