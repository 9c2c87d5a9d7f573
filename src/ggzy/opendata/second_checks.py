"""What a stranger checks of the second of two envelopes: its tie to the bid, its moment, who was asked for it. Pure."""

from ggzy.bidding import bidbox
from ggzy.identity import cms, trust
from ggzy.kernel.canonical import sha256
from ggzy.kernel.refusals import Refusal
from ggzy.opendata.checks import Act, _check, _Findings, _moment, _named


@_check
def second_envelopes(rows: list[Act], out: _Findings) -> None:
    """Prices of a second envelope: tied to the bid before the deadline, opened when it was told, of who was admitted."""
    for opened in _named(rows, "opening.second_opened"):
        begun = _moment(opened.fields["opened_at"])
        told = [_moment(r.fields["opens_at"]) for r in _named(rows, "opening.second_told", opened.round)]
        out.judge(
            "second.told",
            "第二信封开标时间",
            bool(told) and begun >= told[-1],
            "不早于通知全体投标人的时间",
            "早于通知的时间, 或没有通知",
        )
        firsts = {r.fields["bid"]: r for r in _named(rows, "opening.bid_shown", opened.round)}
        seconds = _named(rows, "opening.second_shown", opened.round)
        admitted = set(opened.fields["admitted"])
        out.judge(
            "second.admitted",
            "开启的第二信封",
            {r.fields["bid"] for r in seconds} <= admitted,
            f"只开启了通过第一信封评审的{len(admitted)}份",
            "开启了未通过第一信封评审的投标的第二信封",
        )
        for row in seconds:
            _one_second(row, firsts.get(row.fields["bid"]), out)


def _one_second(row: Act, first: Act | None, out: _Findings) -> None:
    who, raw = row.fields["bidder"], row.fields["manifest"].encode()
    try:
        cms.require_detached(
            bytes.fromhex(row.fields["manifest_signature"]),
            data=raw,
            certificate=trust.load(row.fields["certificate"]),
        )
        read = bidbox.read_manifest(raw)
        before = bidbox.read_manifest((first.fields["manifest"] if first else "").encode(), paired=True)
    except Refusal as wrong:
        out.say("second.tied", f"第二信封的清单({who})", "failed", wrong.message)
        return
    out.judge(
        "second.tied",
        f"第二信封的清单({who})",
        before["pair"] == {"nonce": read["pair"].get("nonce"), "second": sha256(raw).hex()},
        "就是截止前递交的清单写明的那一份, 由投标人证书签名",
        "不是截止前递交的清单写明的那一份",
    )
    if row.fields["state"] != "opened":
        out.say("second.commitment", f"报价承诺({who})", "withheld", f"未开启: {row.fields['reason']}")
        return
    profile = bidbox.profile_of(read)
    out.judge(
        "second.commitment",
        f"报价承诺({who})",
        all(
            profile.commit(bytes.fromhex(shown["salt"]), shown["value"]) == read["fields"].get(name)
            for name, shown in row.fields["fields"].items()
        ),
        "唱标报价与投标时的承诺一致",
        "唱标报价与投标时的承诺不符",
    )


ALL = (second_envelopes,)
