"""The two lists run over a tender file, and what of it two versions can be compared by. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from ggzy.drafting.clauses import ClauseSet
from ggzy.drafting.diff import Part
from ggzy.drafting.lists import Finding, Must, Place, absent, check, unanswered
from ggzy.kernel.refusals import Citation, Refusal
from ggzy.methods.explain import scheme_in_words
from ggzy.tendering.document import DEPOSIT_FORMS, TenderDocument


class UnlawfulClause(Refusal):
    """The negative list points at clauses that nobody changed or answered in writing."""

    code = "drafting.unlawful_clause"
    basis = Citation("招标投标法", "第二十条")


class FileIncomplete(Refusal):
    """Something that the file must say is not in it."""

    code = "drafting.file_incomplete"
    basis = Citation("招标投标法", "第十九条")


def places(document: TenderDocument) -> list[Place]:
    """Return every text that a writer wrote freely; locked clauses are not the writer's."""
    out = [Place(key="text", says="正文", text=document.text)] if document.text else []
    out += [
        Place(key=f"requirements.{r.key}", says=f"评审要求({r.part.label})", text=r.text)
        for r in document.requirements
    ]
    out += [Place(key=f"criteria.{c.key}", says="评分项", text=c.title) for c in document.criteria]
    if document.clauses and document.clauses.base:
        slots = document.clauses.base.slots
        for key, value in document.clauses.slots:
            lines = (value,) if isinstance(value, str) else value
            out += [
                Place(
                    key=f"slots.{key}" if len(lines) == 1 else f"slots.{key}.{n}",
                    says=slots[key].says,
                    text=line,
                )
                for n, line in enumerate(lines, 1)
            ]
    return out


def findings(document: TenderDocument) -> list[Finding]:
    """Return what the negative list points at in the freely written parts."""
    return check(places(document))


def answers(document: TenderDocument) -> dict[str, str]:
    """Return the written justifications by the finding they answer."""
    return {a.finding: a.reason for a in document.clauses.answers} if document.clauses else {}


def uses_template(document: TenderDocument) -> bool:
    """Say whether the file was written from the template, so that what it must say has its place in it."""
    return document.clauses is not None and document.clauses.base is not None


def missing(document: TenderDocument) -> list[Must]:
    """Return what the positive list misses in the whole file, locked clauses included.

    A file that was written elsewhere and handed over as text says it in its own words or in attachments: nothing
    here can tell whether it is missing, so nothing is said to be.
    """
    if not uses_template(document):
        return []
    clauses = document.clauses
    whole = [document.text, *(r.text for r in document.requirements)]
    whole += [f"{c.title}: {c.text}" for c in clauses.rendered()] if clauses else []
    return absent("\n".join(whole))


def require_ready_for_review(document: TenderDocument) -> None:
    """Let a file go to the fair-competition review that is complete and whose findings were dealt with.

    :raises FileIncomplete: a required place of the template is empty
    :raises UnlawfulClause: a finding of level BLOCK is neither changed nor answered in writing
    """
    empty = document.clauses.missing() if document.clauses else []
    if empty:
        names = "、".join(empty[:8]) + (f"等{len(empty)}项" if len(empty) > 8 else "")
        raise FileIncomplete(f"招标文件范本还有未填的内容: {names}。请填写后再送审", field="clauses")
    left = unanswered(findings(document), answers(document))
    if left:
        first = left[0]
        raise UnlawfulClause(
            f"{first.where}中“{first.phrase}”涉嫌{first.says}({first.basis})"
            + (f", 另有{len(left) - 1}处" if len(left) > 1 else "")
            + "。请改写, 或写明保留的理由和法律依据后再送审",
            field=first.place,
        )


_FIELDS: tuple[tuple[str, str], ...] = (
    ("quality", "质量要求"),
    ("deposit", "投标保证金(元)"),
    ("bid_validity_days", "投标有效期(日)"),
    ("decryption_minutes", "解密时限(分钟)"),
    ("committee_size", "评标委员会人数"),
    ("owner_representatives", "招标人代表人数"),
    ("specialty", "评标专家专业"),
)
_LOT_FIELDS: tuple[tuple[str, str], ...] = (
    ("name", "名称"),
    ("budget", "估算价"),
    ("ceiling_price", "最高投标限价"),
    ("duration_days", "工期"),
    ("scope_of_work", "招标范围"),
)


def parts(document: TenderDocument, lots: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Return a version of the file as parts that can be compared: figures, requirements, clauses, lots."""
    plain = document.as_json()
    out = [Part(key="method", title="评标办法", text=document.method_label)]
    if document.scheme:
        out += [
            Part(key=f"scheme.{n}", title=f"评标办法: {title}", text=says)
            for n, (title, says) in enumerate(scheme_in_words(document.scheme), start=1)
        ]
    out += [Part(key=key, title=says, text=str(plain[key])) for key, says in _FIELDS]
    forms = "、".join(DEPOSIT_FORMS[form] for form in document.deposit_forms)
    out.append(Part(key="deposit_forms", title="保证金形式", text=forms))
    out.append(Part(key="sealing", title="加密算法", text=document.sealing.label))
    consortium = "接受联合体投标" if document.consortium_allowed else "不接受联合体投标"
    out.append(Part(key="consortium_allowed", title="联合体", text=consortium))
    price = "; ".join(f"{name}={value}" for name, value in plain["price"].items())
    out.append(Part(key="price", title="报价规则", text=price))
    out += [
        Part(key=f"requirements.{r.key}", title=f"评审要求({r.part.label})", text=r.text)
        for r in document.requirements
    ]
    out += [
        Part(key=f"criteria.{c.key}", title="评分项", text=f"{c.title}, {c.weight}分")
        for c in document.criteria
    ]
    out += _clauses(document.clauses) if document.clauses else []
    if document.text:
        out.append(Part(key="text", title="正文", text=document.text))
    for lot in lots:
        said = "; ".join(
            f"{says}: {lot.get(key) if lot.get(key) is not None else '不设'}" for key, says in _LOT_FIELDS
        )
        bill = lot.get("bill")
        said += f"; 工程量清单: {bill['items']}项, {bill['sha256'][:16]}" if bill else ""
        out.append(Part(key=f"lots.{lot['number']}", title=f"第{lot['number']}标段", text=said))
    return out


def _clauses(clauses: ClauseSet) -> list[Part]:
    return [
        Part(key=f"clauses.{c.key}", title=f"{c.chapter} {c.title}", text=c.text) for c in clauses.rendered()
    ]
