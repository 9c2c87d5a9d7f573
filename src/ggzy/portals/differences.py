"""Two states of a form side by side, field by field, in the words of the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: what the fields of the tender file are called; a row of a list is called by its title
_WORDS = {
    "method": "评标办法",
    "quality": "质量要求",
    "deposit": "投标保证金",
    "deposit_forms": "保证金形式",
    "subcontract_allowed": "允许分包",
    "remedy_minutes": "补救时间",
    "most_lots": "最多中标标段数",
    "site": "踏勘地点",
    "bid_validity_days": "投标有效期",
    "decryption_minutes": "解密时限",
    "sealing": "加密算法",
    "share_holders": "密钥份额保管人",
    "consortium_allowed": "接受联合体",
    "committee_size": "评标委员会人数",
    "owner_representatives": "招标人代表人数",
    "specialty": "抽取专业",
    "text": "正文",
    "price": "报价规则",
    "requirements": "初步评审要求",
    "criteria": "评分项",
    "low_price": "低价提示",
    "policy": "政府采购政策",
}


@dataclass(frozen=True)
class Difference:
    """One field in which two states differ: what is kept now, what was entered."""

    says: str
    kept: str
    entered: str


def differences(kept: Mapping[str, Any], entered: Mapping[str, Any]) -> list[Difference]:
    """Return the fields in which two states of a tender file differ, in the order of the form."""
    out = []
    for name in dict.fromkeys((*kept, *entered)):
        one, other = kept.get(name), entered.get(name)
        says = _WORDS.get(name, name)
        if _rows(one) and _rows(other):
            ours, theirs = ({row["key"]: row for row in rows} for rows in (one, other))
            for key in dict.fromkeys((*ours, *theirs)):
                if _line(ours.get(key)) != _line(theirs.get(key)):
                    out.append(Difference(says, _line(ours.get(key)), _line(theirs.get(key))))
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            if changed := [
                key for key in dict.fromkeys((*one, *other)) if _line(one.get(key)) != _line(other.get(key))
            ]:
                out.append(
                    Difference(says, *(_line([side.get(key) for key in changed]) for side in (one, other)))
                )
        elif _line(one) != _line(other):
            out.append(Difference(says, _line(one), _line(other)))
    return out


def _rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) and "key" in row for row in value)


def _line(value: Any) -> str:
    """Return a value as a line for people: 是 and 否, a row by what stands in it, "(无)" for nothing."""
    if value in (None, "", [], {}):
        return "(无)"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return " ".join(
            _line(part)
            for name, part in value.items()
            if name not in {"key", "way"} and part not in (None, "")
        )
    if isinstance(value, list | tuple):
        return "、".join(_line(part) for part in value if part not in (None, ""))
    return str(value)
