"""./ggzy bid: the bidder's client. Keys stay here; the platform gets ciphertext, and one one-time key at the opening."""

import argparse
import getpass
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ggzy.bidding import bidbox
from ggzy.client import bids
from ggzy.client.party import Identity, Party, Problem
from ggzy.kernel.refusals import Refusal
from ggzy.law.limits import BEIJING
from ggzy.registry import rules
from ggzy.tendering.document import SIZE_CLAIMS

DEFAULT = "http://127.0.0.1:8000"
#: stages that take packages without a price, and stages in which what was sent is decrypted
FRONT_STAGES = {"PQ_OPEN", "TS1_OPEN"}
DECRYPTING = {"OPENING", "PQ_CLOSED", "TS1_REVIEW"}
#: a stage in which the second of two envelopes may be decrypted
SECOND_DECRYPTING = "EVALUATING"


def main(argv: Sequence[str]) -> int:
    """Run one subcommand; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="./ggzy bid", description="投标客户端: 在本机加密, 私钥和投标内容不离开本机"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    seal = commands.add_parser("seal", help="加密投标文件")
    submit = commands.add_parser("submit", help="递交(或替换)已加密的投标文件")
    withdraw = commands.add_parser("withdraw", help="撤回投标文件")
    opening = commands.add_parser("open", help="开标时解密: 用私钥打开密钥信封, 交出一次性投标密钥")
    key = commands.add_parser("key", help="只在本机打开密钥信封, 显示一次性投标密钥")
    inspect = commands.add_parser("inspect", help="用投标密钥在本机试开, 核对内容与清单一致")
    for command in (seal, submit, withdraw, opening):
        command.add_argument("--url", default=DEFAULT, help="平台地址")
        command.add_argument("--user", required=True, help="用户名")
        command.add_argument("--password", help="密码(不写则询问)")
    for command in (seal, submit, withdraw, opening, key):
        command.add_argument("--cert", required=True, type=Path, help="证书和私钥的PEM文件")
    for command in (seal, submit, withdraw):
        command.add_argument("--round", required=True, help="标段轮次编号(招标公告页可复制)")
    seal.add_argument("--price", help="投标报价, 元(资格预审申请、技术建议、磋商和谈判的首次响应不得写)")
    seal.add_argument(
        "--unit-price",
        action="append",
        default=[],
        help="框架协议征集: 标的序号=单价, 逐项写明; 报价由它们相加, 不再写 --price",
    )
    seal.add_argument("--final", action="store_true", help="磋商、谈判的最后报价: 只有报价和附件")
    seal.add_argument("--days", type=int, help="工期, 日历天(投标文件必填)")
    seal.add_argument("--field", action="append", default=[], help="申请或建议的内容: 名称=内容, 可多次")
    seal.add_argument("--quality", default="合格", help="质量")
    seal.add_argument(
        "--size",
        choices=[*SIZE_CLAIMS],
        default="",
        help="政府采购: 规模声明(medium 中型, small 小微, joint 与小微联合)",
    )
    seal.add_argument("--domestic", action="store_true", help="政府采购: 声明所投产品为本国产品")
    seal.add_argument("--brand", default="", help="政府采购: 核心产品品牌")
    seal.add_argument("--manager", default="", help="项目负责人姓名")
    seal.add_argument("--manager-certificate", default="", help="项目负责人证书编号")
    seal.add_argument(
        "--member", action="append", default=[], help="联合体成员: 统一社会信用代码=名称[=份额], 可多次"
    )
    seal.add_argument("--attach", action="append", default=[], type=Path, help="附件, 可多次")
    seal.add_argument(
        "--attach-priced", action="append", default=[], type=Path, help="双信封: 放进第二信封的附件, 可多次"
    )
    seal.add_argument("--bill", type=Path, help="填好的工程量清单(xlsx或JSON), 加密前核对并作为附件")
    seal.add_argument("--consortium-agreement", type=Path, help="联合体协议文件")
    seal.add_argument("--subcontract", action="append", default=[], help="分包: 工作=份额=分包单位, 可多次")
    seal.add_argument("--registry", action="store_true", help="把主体库中本单位的登记信息固定进投标文件")
    seal.add_argument(
        "--dark",
        action="append",
        default=[],
        type=Path,
        help="技术暗标文件(PDF), 可多次; 加密时改名为暗标-1.pdf等",
    )
    seal.add_argument("--record", action="append", default=[], help="只用这些登记信息(编号), 可多次")
    seal.add_argument(
        "--shares", action="store_true", help="同时把密钥份额封给招标文件写明的三个保管人(默认不封)"
    )
    seal.add_argument("--out", required=True, type=Path, help="输出目录")
    submit.add_argument("--dir", required=True, type=Path, help="seal 输出的目录")
    submit.add_argument("--old-file", action="store_true", help="确认按旧版招标文件递交")
    opening.add_argument("--bid", help="投标编号(不写则解密本单位全部等待解密的投标)")
    for command in (key, inspect):
        command.add_argument("--dir", required=True, type=Path, help="seal 输出的目录")
    inspect.add_argument("--key", required=True, help="投标密钥")
    args = parser.parse_args(argv)
    try:
        return _COMMANDS[args.command](args)
    except (Problem, Refusal) as no:
        print(f"未办理: {no}", file=sys.stderr)
        return 1
    except OSError as trouble:
        print(f"读写失败: {trouble}", file=sys.stderr)
        return 1


def _party(args: argparse.Namespace) -> Party:
    party = Party(args.url)
    password = args.password or getpass.getpass("密码: ")
    party.sign_in(username=args.user, password=password, identity=Identity.from_pem(args.cert.read_bytes()))
    return party


def _seal(args: argparse.Namespace) -> int:
    members = []
    for text in args.member:
        uscc, name, share = (text.split("=") + ["", ""])[:3]
        member = {"uscc": uscc.strip().upper(), "name": name.strip()}
        members.append({**member, "share": share.strip()} if share.strip() else member)
    party = _party(args)
    mine = party.get("/whoami")
    if args.final:
        return _seal_last_offer(args, party, mine)
    hall = party.get(f"/rounds/{args.round}/opening")
    fields: dict[str, Any] = {
        "bidder": mine["organisation_name"],
        "uscc": mine["uscc"],
        "members": members,
        "manager": {"name": args.manager, "certificate": args.manager_certificate},
    }
    attachments, priced, made_against = list(args.attach), list(args.attach_priced), ""
    two = bool(hall["two_envelopes"])
    if priced and not two:
        print("本标段不采用双信封, 请用 --attach 附上全部附件", file=sys.stderr)
        return 2
    if hall["stage"] in FRONT_STAGES:  # an application or a proposal carries no price
        if args.price is not None:
            print("资格预审申请文件和技术建议不得含报价, 请去掉 --price", file=sys.stderr)
            return 2
        for text in args.field:
            name, _, value = text.partition("=")
            fields[name.strip()] = value.strip()
    else:
        if not hall["priced"] and args.price is not None:
            print("首次响应文件不含报价, 报价只在最后报价中提出, 请去掉 --price", file=sys.stderr)
            return 2
        file = party.get(f"/tenders/{hall['tender']}/file")
        units = _unit_prices(args, file["document"])
        if units is None:
            return 2
        if units:
            args.price = str(sum(map(Decimal, units.values()), Decimal(0)))
            fields["unit_prices"] = units
        price = _price(args) if hall["priced"] else None
        if hall["priced"] and price is None:
            return 2
        if args.days is None:
            print("请用 --days 写明工期", file=sys.stderr)
            return 2
        fields |= {
            **({"price": str(price)} if price is not None else {}),
            "duration_days": args.days,
            "quality": args.quality,
            **_declared(args),
            "validity_days": 90,
        }
        made_against = file["sha256"]
        tendered = party.get(f"/rounds/{args.round}/bill")["bill"]
        if args.bill and tendered:
            (priced if two else attachments).append(
                bids.priced_bill(tendered=tendered, filled=args.bill, price=str(price or ""), into=args.out)
            )
            print("已标价清单核对无误: 各项齐全未改动, 合计与报价一致")
        elif args.bill or tendered:
            print(
                "招标文件没有工程量清单, 不能用 --bill"
                if args.bill
                else "提示: 招标文件有工程量清单, 请用 --bill 附上填好的清单",
                file=sys.stderr,
            )
            if args.bill:
                return 2
    for number, path in enumerate(args.dark, 1):
        args.out.mkdir(parents=True, exist_ok=True)
        attachments.append(Path(shutil.copyfile(path, args.out / f"暗标-{number}.pdf")))
    if args.consortium_agreement:
        attachments.append(args.consortium_agreement)
        fields["consortium"] = {"agreement": args.consortium_agreement.name, "lead": mine["uscc"]}
    if args.subcontract:
        parts = [(text.split("=") + ["", ""])[:3] for text in args.subcontract]
        fields["subcontracts"] = [
            {"work": work, "share": share, "subcontractor": name} for work, share, name in parts
        ]
    if args.registry or args.record:
        fields["registry"] = _snapshot(party, args.record, hall["bid_deadline"])
    holders = bids.holders_of(party, hall["tender"]) if args.shares else []
    if args.shares and not holders:
        print("招标文件没有设密钥份额保管人, 不能用 --shares", file=sys.stderr)
        return 2
    place: dict[str, Any] = {"party": party, "round_id": args.round, "ocid": hall["ocid"], "fields": fields}
    place |= {"attachments": attachments, "into": args.out, "tender_file": made_against}
    if two:
        folder = bids.seal_two(**place, priced=priced)
        print("双信封: 报价和 --attach-priced 的附件已单独加密为第二信封, 装在第一信封里一并递交")
    else:
        folder = bids.seal(**place, sealing=hall["sealing"], holders=holders)
    print(f"已加密到 {folder}: {'、'.join(path.name for path in bids.files_of(folder).values())}")
    print("下一步: ./ggzy bid submit")
    return 0


def _unit_prices(args: argparse.Namespace, document: Mapping[str, Any]) -> dict[str, str] | None:
    """Return {number of the item: unit price} where the file asks for them, {} where it does not; None (and say so) if wrong."""
    items = (document.get("terms") or {}).get("items") or []
    given = dict(text.partition("=")[::2] for text in args.unit_price)
    if not items:
        if given:
            print("本项目不报单价, 请去掉 --unit-price", file=sys.stderr)
            return None
        return {}
    out = {}
    for item in items:
        number, name = item["number"], item["name"]
        try:
            price = Decimal(given.pop(number, "").strip())
        except InvalidOperation:
            print(f"请用 --unit-price {number}=单价 写明“{name}”的单价(元/{item['unit']})", file=sys.stderr)
            return None
        if not 0 < price <= Decimal(item["price"]):
            print(f"“{name}”的单价应大于0、不超过最高限制单价{item['price']}元", file=sys.stderr)
            return None
        out[number] = str(price)
    if given or args.price is not None:
        print("报价由各项单价相加; 请去掉 --price 和不存在的标的序号", file=sys.stderr)
        return None
    return out


def _price(args: argparse.Namespace) -> Decimal | None:
    """Return the price that was given, None (and say so) where it is none."""
    try:
        return Decimal(args.price or "").quantize(Decimal("0.01"))
    except InvalidOperation:
        print("报价应为数字, 单位元", file=sys.stderr)
        return None


def _seal_last_offer(args: argparse.Namespace, party: Party, mine: dict[str, Any]) -> int:
    """Seal a last offer for the round of last offers that `--round`, the round of the answer, leads to."""
    price = _price(args)
    if price is None:
        return 2
    asked = party.get(f"/rounds/{args.round}/final-offer")
    hall = party.get(f"/rounds/{args.round}/opening")
    folder = bids.seal(
        party=party,
        round_id=asked["round"],
        ocid=hall["ocid"],
        fields={"bidder": mine["organisation_name"], "uscc": mine["uscc"], "price": str(price)},
        attachments=args.attach,
        into=args.out,
        tender_file=party.get(f"/tenders/{hall['tender']}/file")["sha256"],
        sealing=hall["sealing"],
    )
    print(f"已加密到 {folder}: {'、'.join(path.name for path in bids.files_of(folder).values())}")
    print(f"下一步: ./ggzy bid submit --round {asked['round']}")
    return 0


def _declared(args: argparse.Namespace) -> dict[str, Any]:
    """Return what a bid declares in a government procurement; nothing where nothing was asked for."""
    given = {"size": args.size, "domestic": args.domestic, "brand": args.brand}
    return {name: value for name, value in given.items() if value}


def _snapshot(party: Party, records: Sequence[str], deadline: str) -> dict[str, Any]:
    """Return the frozen records, with a warning for each that will have ended by the deadline."""
    found = bids.snapshot(party=party, records=records)
    day = datetime.fromisoformat(deadline).astimezone(BEIJING).date()
    for title in rules.expired_by(found, on=day):
        print(f"注意: “{title}”的有效期早于投标截止日, 请先更新登记信息或在投标文件中说明", file=sys.stderr)
    print(f"已固定登记信息 {len(found['records'])} 条, 摘要 {found['sha256']}")
    return found


def _submit(args: argparse.Namespace) -> int:
    made = bids.submit(party=_party(args), round_id=args.round, folder=args.dir, old_file=args.old_file)
    (args.dir / "acknowledgement.json").write_text(
        json.dumps(made["acknowledgement"], ensure_ascii=False, indent=2)
    )
    print(
        f"{'已替换' if made['replaced'] else '已递交'}, 接收时刻 {made['received_at']}, 投标编号 {made['bid']}"
    )
    print(f"回执已存为 {args.dir / 'acknowledgement.json'}")
    return 0


def _withdraw(args: argparse.Namespace) -> int:
    made = _party(args).post(f"/rounds/{args.round}/withdrawal")
    print(f"已撤回, 时刻 {made['received_at']}")
    return 0


def _open(args: argparse.Namespace) -> int:
    party = _party(args)
    waiting = [
        b["bid"]
        for b in party.get("/bids")["bids"]
        if (b["bid"] == args.bid if args.bid else b["state"] == "live" and b["stage"] in DECRYPTING)
    ]
    if not args.bid:
        waiting += _second_waiting(party)
    if not waiting:
        print("没有等待解密的投标: 请在主持人开标之后、解密时限之内办理")
        return 1
    for bid in waiting:
        print(f"投标 {bid}: {bids.release(party=party, bid_id=bid)['state']}")
    return 0


def _second_waiting(party: Party) -> list[str]:
    """Return one's own bids whose second envelope is asked for now."""
    rounds = {b["round"] for b in party.get("/bids")["bids"] if b["stage"] == SECOND_DECRYPTING}
    halls = [party.get(f"/rounds/{round_id}/opening") for round_id in sorted(rounds)]
    return [b["bid"] for hall in halls for b in hall["bids"] if b["own"] and b["second_state"] == "waiting"]


def _key(args: argparse.Namespace) -> int:
    from ggzy.identity import cms

    identity = Identity.from_pem(args.cert.read_bytes())
    print(cms.open_envelope((args.dir / bids.FILES["envelope"]).read_bytes(), key=identity.key).decode())
    return 0


def _inspect(args: argparse.Namespace) -> int:
    manifest = bidbox.read_manifest((args.dir / bids.FILES["manifest"]).read_bytes(), priced=None)
    opened = bidbox.open_payload(bids.files_of(args.dir)["payload"], bid_key=args.key, manifest=manifest)
    print(json.dumps(opened.fields, ensure_ascii=False, indent=2))
    print("内容与清单承诺一致")
    return 0


_COMMANDS = {
    "seal": _seal,
    "submit": _submit,
    "withdraw": _withdraw,
    "open": _open,
    "key": _key,
    "inspect": _inspect,
}
