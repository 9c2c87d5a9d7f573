"""Money is a Decimal of 元 with two places; every rounding names its rule."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from ggzy.kernel.refusals import BadInput

CENT = Decimal("0.01")
MOST = Decimal("9999999999999999.99")


def yuan(value: Decimal | int | str, *, field: str = "") -> Decimal:
    """Return an amount of 元, rounded half up to the 分.

    :raises BadInput: not a number, negative, or beyond what an amount may be
    """
    try:
        given = Decimal(str(value).strip())
    except InvalidOperation:
        given = Decimal("NaN")
    if not given.is_finite():
        raise BadInput(f"金额“{value}”不是数字, 请以元为单位填写, 例如 1234567.89", field=field)
    if given < 0:
        raise BadInput(f"金额“{value}”不能为负", field=field)
    if given >= MOST + CENT / 2:
        raise BadInput(f"金额“{value}”过大, 请检查单位是否应为元", field=field)
    return given.quantize(CENT, ROUND_HALF_UP) + 0  # no -0.00: it would hash differently


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def in_words(amount: Decimal) -> str:
    """Return 大写金额 of a non-negative amount of 元, e.g. 1001.5 → 壹仟零壹元伍角整."""
    cents = int((amount * 100).to_integral_value(ROUND_HALF_UP))
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = _whole_in_words(whole) + "元" if whole or not (jiao or fen) else ""
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif fen and whole:
        text += "零"
    if fen:
        return text + _DIGITS[fen] + "分"
    return text + "整"


def _whole_in_words(whole: int) -> str:
    if whole == 0:
        return "零"
    groups = []
    while whole:
        whole, part = divmod(whole, 10_000)
        groups.append(part)
    text, gap = "", False
    for place in range(len(groups) - 1, -1, -1):
        part = groups[place]
        if part == 0:
            gap = True
            continue
        if text and (gap or part < 1000):
            text += "零"
        text += _four_in_words(part) + _GROUPS[place]
        gap = False
    return text


def _four_in_words(part: int) -> str:
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = part // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _UNITS[place]
            gap = False
        else:
            gap = True
    return text
