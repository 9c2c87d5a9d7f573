"""Who keeps parts of bid_keys for a tender: named by the tenderee in the file, three of them or none."""

from collections.abc import Sequence
from typing import Any

from ggzy.identity.queries import receiving_of
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import BadInput
from ggzy.parties.queries import by_uscc
from ggzy.tendering.document import SHARE_HOLDERS, ShareHolder, parse
from ggzy.tendering.models import Round, TenderFile

#: who may keep one; a supervisor never does (it would take part in what it watches), nor do bidders
KEEPERS = frozenset({Role.TENDEREE, Role.AGENCY, Role.CENTRE})


def named(usccs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the holders of a tender file for three codes: their names and the certificates parts are sealed to.

    :raises BadInput: not three, not registered, of a kind that may not keep one, or without a certificate
    """
    codes = [code.strip().upper() for code in usccs if code.strip()]
    if not codes:
        return []
    if len(set(codes)) != SHARE_HOLDERS or len(codes) != SHARE_HOLDERS:
        raise BadInput(f"密钥份额保管人应为{SHARE_HOLDERS}个不同的单位, 或不设", field="share_holders")
    out = []
    for code in codes:
        organisation = by_uscc(code)
        if organisation is None:
            raise BadInput(f"{code} 没有在本平台登记, 请核对统一社会信用代码", field="share_holders")
        kinds = {Role(kind) for kind in organisation.kinds}
        if not kinds & KEEPERS or kinds - KEEPERS - {Role.ADMIN}:
            raise BadInput(
                f"{organisation.name}不能保管密钥份额: 只能是招标人、代理机构或交易中心, 监督部门和投标人不能",
                field="share_holders",
            )
        certificate = receiving_of(organisation_pk=organisation.pk, roles=KEEPERS)
        if certificate is None:
            raise BadInput(f"{organisation.name}还没有绑定可以加密的证书", field="share_holders")
        out.append({"uscc": code, "name": organisation.name, **certificate})
    return out


def share_holders(*, round_id: str) -> tuple[ShareHolder, ...]:
    """Return the holders by the version of the file that is in force for a round."""
    round_ = Round.objects.select_related("lot").get(public_id=round_id)
    file = TenderFile.objects.filter(tender_id=round_.lot.tender_id, version=round_.file_version).first()
    return parse(file.document).share_holders if file else ()
