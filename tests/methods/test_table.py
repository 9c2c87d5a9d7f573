"""The command line on plain tables, and the page that shows how: run as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ggzy.cli import evaluate
from ggzy.methods.method import BadMethod
from ggzy.methods.shelf import method_named, shipped
from ggzy.methods.table import read_table

pytestmark = pytest.mark.pure
PAGE = Path(__file__).resolve().parents[2] / "docs" / "algorithms" / "evaluate-by-a-method.md"
TRIMMING = "average_bid_tail_trimming"


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_the_page_says_the_same_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL))
    (tmp_path / "bids.csv").write_text(blocks["csv"], encoding="utf-8")
    (tmp_path / "method.toml").write_text(blocks["toml"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for command in blocks["sh"].splitlines():
        words = command.split("#")[0].split()
        assert words[:2] == ["./ggzy", "evaluate"] and evaluate.main(words[2:]) == 0
    said = capsys.readouterr().out
    script = subprocess.run(
        [sys.executable, "-c", blocks["python"]], capture_output=True, text=True, check=True
    )
    assert script.stdout.strip() == "winner matches 2 / 2" and script.stdout in said
    assert "假如没有第6行: 第一名是第5行" in said


@pytest.mark.parametrize(
    "data",
    [
        "Tender,Bid_value,Winner\n1,10.5,0\n1,11.5,1\n1,,0\n1,12.5,0\n\n",
        "\ufeffwinner;other;TENDER;bid_value\n0.0;x;1;10,5\n1.0;x;1;11,5\n0;;1;12,5\n",
        "Tender\tBid_value\tWinner\r\n2\tNA\t1\r\n1\t 10.5 %\tno\r\n1\t11.5\tyes\r\n1\t12.5\tno\r\n",
    ],
)
def test_tables_are_read_however_they_are_written(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bids.csv"
    path.write_bytes(data.encode())
    assert evaluate.main([str(path), "--method", TRIMMING]) == 0
    assert last_line(capsys) == "winner matches 0 / 1"
    table = read_table(data.encode(), method=method_named(TRIMMING))
    assert [str(b.figures["discount"]) for b in table.tenders[0].bids] == ["10.5", "11.5", "12.5"]


def test_thousands_are_read_where_they_are_quoted() -> None:
    data = b'Tender,Bid_value\n1,"1,234,567.50"\n1,"12,5"\n'
    with pytest.raises(BadMethod, match="第3行"):  # neither thousands nor, beside commas, a decimal comma
        read_table(data, method=method_named(TRIMMING))
    table = read_table(data.replace(b'1,"12,5"', b""), method=method_named(TRIMMING))
    assert str(table.tenders[0].bids[0].figures["discount"]) == "1234567.50"


def test_a_table_may_give_parameters_and_another_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bids.csv"
    path.write_text(
        "标段,报价2,ceiling,是否中标\n一,90,100,是\n一,99,100,否\n二,180,200,否\n二,198,200,是\n", "gb18030"
    )
    run = [str(path), "--value", "报价2", "--method", "gc_base_7_ceiling", "--set"]
    assert evaluate.main([*run, "f=1"]) == 0
    assert last_line(capsys) == "winner matches 1 / 2"
    assert evaluate.main([*run, "f=3"]) == 1
    assert "不在可抽取的范围内" in capsys.readouterr().err


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    method = method_named(TRIMMING)
    for data, says in ((b"a,b\n1,2\n", "Tender"), (b"Tender,Bid_value\n1,x\n", "第2行"), (b"", "Tender")):
        with pytest.raises(BadMethod, match=says):
            read_table(data, method=method)
    assert evaluate.main([str(tmp_path / "none.csv"), "--method", TRIMMING]) == 1
    (tmp_path / "bad.toml").write_text("id = 1")
    assert evaluate.main([str(PAGE), "--method", str(tmp_path / "bad.toml")]) == 1
    assert evaluate.main([]) == 2


def test_every_shipped_method_can_be_listed_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(shipped())
    for name in shipped():
        assert evaluate.main(["--list", "--method", name]) == 0
