"""Public ids and the legal codes of the field, each with its check digit (RULEBOOK 4.2)."""

import re
import secrets
from datetime import date

from ggzy.kernel.refusals import BadInput

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = [pow(3, i, 31) for i in range(17)]
_MOD_37_2 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_INVEST = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", re.ASCII)
_REGION = re.compile(r"\d{6}(\d{3})?", re.ASCII)
_INDUSTRY = re.compile(r"[A-T]\d{0,4}", re.ASCII)
_DEAL = re.compile(r"[A-Z]\d{2}-[0-9A-Z]{18}-\d{8}-[0-9A-Z]{6}-[0-9A-Z*]", re.ASCII)


def new_public_id() -> str:
    """Return a random 128-bit id as 32 hex digits: no id tells how many there are."""
    return secrets.token_hex(16)


def uscc_check_digit(first17: str) -> str:
    """Return the 18th character of a 统一社会信用代码 (GB 32100-2015)."""
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def require_uscc(text: str, *, field: str = "uscc") -> str:
    """Return the code in upper case.

    :raises BadInput: wrong length, a letter the code never uses (I O Z S V), or a wrong check digit
    """
    code = text.strip().upper()
    if len(code) != 18:
        raise BadInput(f"统一社会信用代码应为18位, 现为{len(code)}位, 请对照营业执照核对", field=field)
    strange = sorted({c for c in code if c not in USCC_ALPHABET})
    if strange:
        raise BadInput(f"统一社会信用代码中不会出现“{'、'.join(strange)}”, 请核对是否与数字混淆", field=field)
    if uscc_check_digit(code[:17]) != code[17]:
        raise BadInput("统一社会信用代码校验位不符, 请逐位核对", field=field)
    return code


def org_code_check_digit(first8: str) -> str:
    """Return the check digit of a 组织机构代码 (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(first8, weights, strict=True))
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def make_uscc(*, kind: str = "91", region: str, serial: int) -> str:
    """Return a well-formed code for training and replay data; no real register holds it."""
    eight = f"M{serial:07d}"
    body = f"{kind}{region[:6]}{eight}{org_code_check_digit(eight)}"
    return body + uscc_check_digit(body)


def mod_37_2(text: str) -> str:
    """Return the ISO 7064 MOD 37-2 check character."""
    p = 0
    for c in text:
        p = (p + _MOD_37_2.index(c)) * 2 % 37
    return _MOD_37_2[(38 - p) % 37]


def deal_code(*, kind: str, organiser_uscc: str, on: date, serial: str) -> str:
    """Return a 统一交易标识码: AAA-18-8-6-1, 40 characters, checked by MOD 37-2."""
    body = f"{kind}{organiser_uscc}{on:%Y%m%d}{serial}"
    return f"{kind}-{organiser_uscc}-{on:%Y%m%d}-{serial}-{mod_37_2(body)}"


def is_deal_code(text: str) -> bool:
    """Say whether the text has the shape of a 统一交易标识码 (its check character is advisory)."""
    return _DEAL.fullmatch(text) is not None


def require_invest_code(text: str, *, field: str = "invest_code") -> str:
    """Return the 投资项目代码 (YYYY-RRRRRR-NN-NN-NNNNNN).

    :raises BadInput: another shape
    """
    code = text.strip()
    if not _INVEST.fullmatch(code):
        raise BadInput(
            "投资项目代码格式应为 年份-地区-行业-类型-流水号, 例如 2603-370100-04-01-123456", field=field
        )
    return code


def require_region(text: str, *, field: str = "region_code") -> str:
    """Return the GB/T 2260 code (6 digits, or 9 with the street).

    :raises BadInput: another shape
    """
    code = text.strip()
    if not _REGION.fullmatch(code):
        raise BadInput("行政区划代码应为6位数字(到街道为9位), 例如 370100", field=field)
    return code


def require_industry(text: str, *, field: str = "industry_code") -> str:
    """Return the GB/T 4754 code: a letter and up to four digits.

    :raises BadInput: another shape
    """
    code = text.strip().upper()
    if not _INDUSTRY.fullmatch(code):
        raise BadInput("行业代码应为国民经济行业门类字母加数字, 例如 E48", field=field)
    return code
