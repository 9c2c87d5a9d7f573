"""Telling an organisation that a certificate of its people ends soon: 60, 30 and 7 days ahead, by a clock."""

from datetime import datetime, timedelta

from ggzy.deadlines.actions import effect
from ggzy.identity.life import AHEAD, EXPIRY
from ggzy.identity.models import Certificate
from ggzy.kernel.clock import BEIJING
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind


@effect(EXPIRY)
def announce(subject: str, now: datetime) -> datetime | None:
    """Announce the end of one certificate and return when to do so again; a renewed or ended one needs no word."""
    row = Certificate.objects.select_for_update().get(public_id=subject)
    renewed = row.renewed_by.filter(revoked_at=None).exists()
    if row.revoked_at is not None or renewed or now >= row.not_after:
        return None
    left = [days for days in AHEAD if row.not_after - timedelta(days=days) <= now]
    if left and row.announced != left[-1]:
        row.announced = left[-1]
        row.save(update_fields=["announced"])
        if row.organisation_id:
            day = row.not_after.astimezone(BEIJING)
            tell(
                organisations=[row.organisation_id],
                kind=Kind.REMINDER,
                title="数字证书即将到期",
                text=f"本单位一张数字证书(序列号 {row.serial[:12]}…)有效期至{day:%Y年%m月%d日 %H:%M}, "
                "到期后不能再登录和签名。请在到期前换新证书, 换证期间旧证书照常可用。",
                link="/certificates",
                now=now,
            )
    later = [row.not_after - timedelta(days=days) for days in AHEAD]
    return next((moment for moment in later if moment > now), None)
