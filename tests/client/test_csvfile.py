"""Real bids from a file: what is one bid, what is no row, and the rest goes on."""

import csv

import pytest

from ggzy.client import csvfile
from tests.shared import shared

pytestmark = pytest.mark.pure

BRAZIL, NEEDS_BRAZIL = shared("data/real_bids_brazil.csv")
TICINO, NEEDS_TICINO = shared("data/real_bids_ticino.csv")


@pytest.fixture
def read(tmp_path):
    def read(text, *, encoding="utf-8"):
        path = tmp_path / "bids.csv"
        path.write_bytes(text.encode(encoding))
        return csvfile.read(path)

    return read


def shape(tenders):
    return [(t.name, [(b.bidder, str(b.price), b.members, b.wins) for b in t.bids]) for t in tenders]


def test_rows_of_one_tender_are_its_bids(read):
    tenders, problems = read(
        "Tender,Competitors,Bid_value,Winner\n1,甲,100,1.0\n2,甲,50.005,1\n1,乙,120.5,0.0\n"
    )
    assert problems == []
    assert shape(tenders) == [
        ("1", [("甲", "100.00", [], True), ("乙", "120.50", [], False)]),
        ("2", [("甲", "50.01", [], True)]),
    ]
    assert tenders[0].winners == {"甲"}


def test_without_a_column_of_names_bidders_are_numbered(read):
    tenders, _ = read("Tender,Bid_value,Winner\n7,100,0\n7,90,1\n")
    assert [b.bidder for b in tenders[0].bids] == ["7-1", "7-2"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_the_line_ends_of_windows_do_no_harm(read, line_end):
    tenders, problems = read(f"Tender,Bid_value,Winner{line_end}1,100,1{line_end}", encoding="utf-8-sig")
    assert (problems, [t.name for t in tenders]) == ([], ["1"])


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("Tender,Winner", "Bid_value"),
        ("Bid_value", "Tender、Winner"),
        ("", "Bid_value、Tender、Winner"),
        ("tender,bid_value,winner", "Bid_value、Tender、Winner"),
    ],
)
def test_missing_columns_are_named(read, header, missing):
    assert read(f"{header}\n1,1\n" if header else "") == ([], [f"文件缺少列: {missing}"])


@pytest.mark.parametrize(
    "row",
    [
        "1,abc,0",
        "1,,0",
        "1,100,",
        "1,100,yes",
        ",100,0",
        "1,0,0",
        "1,-5,0",
        "1,NaN,0",
        "1,Infinity,0",
        "1,1e400,0",
        "1",
    ],
)
def test_a_malformed_row_is_named_by_its_line_and_the_rest_goes_on(read, row):
    tenders, problems = read(f"Tender,Bid_value,Winner\n1,100,1\n{row}\n1,120,0\n")
    assert [str(b.price) for b in tenders[0].bids] == ["100.00", "120.00"]
    assert len(problems) == 1
    assert problems[0].startswith("第3行: ")


def test_a_problem_quotes_what_was_found(read):
    _, problems = read("Tender,Bid_value,Winner\n9,十万,1\n")
    assert problems == ["第2行: 招标“9”的报价“十万”或中标标记“1”无法识别"]


def test_a_price_that_rounds_to_nothing_is_no_price(read):
    assert read("Tender,Bid_value,Winner\n1,0.004,0\n")[0] == []


def test_blank_lines_are_no_rows(read):
    tenders, problems = read("Tender,Bid_value,Winner\n\n1,100,1\n\n")
    assert (len(tenders[0].bids), problems) == (1, [])


def test_a_consortium_at_one_price_is_one_bid(read):
    tenders, _ = read(
        "Tender,Competitors,Bid_value,Winner,Consortium\n1,甲,100,0,1.0\n1,乙,100,0,1.0\n1,丙,90,1,0\n"
    )
    assert shape(tenders)[0][1] == [("甲", "100.00", ["乙"], False), ("丙", "90.00", [], True)]


def test_two_consortia_or_two_prices_are_two_bids(read):
    tenders, _ = read(
        "Tender,Competitors,Bid_value,Winner,Consortium\n1,甲,100,0,1\n1,乙,100,0,2\n1,丙,101,0,1\n"
    )
    assert [(b.bidder, b.members) for b in tenders[0].bids] == [("甲", []), ("乙", []), ("丙", [])]


@pytest.mark.parametrize("none", ["", "0", "0.0"])
def test_equal_prices_without_a_consortium_are_two_bids(read, none):
    tenders, _ = read(
        f"Tender,Competitors,Bid_value,Winner,Consortium\n1,甲,100,0,{none}\n1,乙,100,0,{none}\n"
    )
    assert len(tenders[0].bids) == 2


def test_several_winners_at_one_price_are_one_bid(read):
    tenders, _ = read(
        "Tender,Competitors,Bid_value,Winner,Consortium\n1,甲,90,1,0\n1,乙,90,1,0\n1,丙,100,0,0\n"
    )
    assert shape(tenders)[0][1] == [("甲", "90.00", ["乙"], True), ("丙", "100.00", [], False)]
    assert tenders[0].winners == {"甲"}


def test_winners_at_two_prices_are_two_bids(read):
    tenders, _ = read("Tender,Competitors,Bid_value,Winner\n1,甲,90,1\n1,乙,91,1\n1,丙,92,0\n")
    assert tenders[0].winners == {"甲", "乙"}


def test_a_bidder_who_bids_twice_gets_two_names(read):
    tenders, _ = read("Tender,Competitors,Bid_value,Winner\n1,甲,90,1\n1,甲,91,0\n")
    assert [b.bidder for b in tenders[0].bids] == ["甲", "甲#1"]


def test_a_tender_without_a_recorded_winner_has_none(read):
    assert read("Tender,Bid_value,Winner\n1,100,0\n")[0][0].winners == set()


def test_a_file_in_gbk_is_read_or_refused_in_a_sentence(read):
    tenders, problems = read("Tender,Competitors,Bid_value,Winner\n1,甲公司,100,1\n", encoding="gb18030")
    assert tenders or problems


@pytest.mark.parametrize("mark", ["2", "0.5", "-1", "NaN"])
def test_a_mark_that_is_neither_one_nor_nought_is_named(read, mark):
    assert len(read(f"Tender,Bid_value,Winner\n1,100,{mark}\n")[1]) == 1


class TestBrazil:
    """101 real tenders."""

    pytestmark = NEEDS_BRAZIL

    def test_numbers(self):
        tenders, problems = csvfile.read(BRAZIL)
        assert (len(tenders), sum(len(t.bids) for t in tenders), problems) == (101, 683, [])

    def test_the_lowest_won_everywhere(self):
        for tender in csvfile.read(BRAZIL)[0]:
            lowest = min(bid.price for bid in tender.bids)
            assert tender.winners == {bid.bidder for bid in tender.bids if bid.price == lowest}
            assert len({bid.bidder for bid in tender.bids}) == len(tender.bids)


class TestTicino:
    """224 real tenders with consortia in rows of their own."""

    pytestmark = NEEDS_TICINO

    def test_numbers(self):
        tenders, problems = csvfile.read(TICINO)
        assert (len(tenders), problems) == (224, [])
        assert sum(1 + len(bid.members) for t in tenders for bid in t.bids) == 1629
        assert sum(len(t.bids) for t in tenders) == 1307

    def test_fourteen_tenders_have_fewer_than_three_bids_once_consortia_are_one(self):
        """Four by their rows alone; counted here by the column, written apart from the reader."""
        seen = {}
        with TICINO.open(encoding="utf-8-sig", newline="") as source:
            for n, row in enumerate(csv.DictReader(source)):
                together = row["Consortium"] if float(row["Consortium"]) else f"alone-{n}"
                seen.setdefault(row["Tender"], set()).add(together)
        few = {name for name, bids in seen.items() if len(bids) < 3}
        assert len(few) == 14
        assert {t.name for t in csvfile.read(TICINO)[0] if len(t.bids) < 3} == few

    def test_each_has_a_winner_and_in_one_the_lowest_did_not_win(self):
        tenders = csvfile.read(TICINO)[0]
        assert all(t.winners for t in tenders)
        lost = [t.name for t in tenders if min(t.bids, key=lambda b: b.price).bidder not in t.winners]
        assert len(lost) == 1
