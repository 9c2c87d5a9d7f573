"""The web process's sign of life: one row, written every few seconds over a connection of its own.

Whoever closes bidding looks at it: a deadline that nobody could reach is not let pass in silence.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg

logger = logging.getLogger("ggzy.edge")


async def beat(*, conninfo: Mapping[str, Any], centre: str, every: float, longest: timedelta) -> None:
    """Write the sign of life until cancelled; a lost database is waited for."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(**conninfo, autocommit=True) as session:
                while True:
                    await session.execute("SELECT ggzy_beat(%s, %s)", [centre, longest])
                    await asyncio.sleep(every)
        except (psycopg.Error, OSError) as lost:
            logger.warning("运行记录写不进数据库, %.0f 秒后再试: %s", every, " ".join(str(lost).split()))
            await asyncio.sleep(min(every, 1))
