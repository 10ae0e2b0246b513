"""Exports: what they hold, in which form, and what they never hold."""

import csv
import gzip
import hashlib
import io
import json
from datetime import date, timedelta
from itertools import count

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.accounts import Person
from core.dataset_files import COLUMNS
from core.domain import Lane, Outcome, pack_labels
from core.errors import BadInput, NotAllowed, NotFound
from core.text import text_hash
from db.stores.datasets import Filters
from tests.support.decided import START, TOXIC, Made, put

DAY = START.date()


def export(services, ada, tmp_path, name="out.jsonl", **options):
    path = tmp_path / name
    return services.datasets.export(path, by=ada, **options), path


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_row_says_what_was_decided_and_how(services, ada, tmp_path):
    put(services, [Made("you twit", TOXIC, Outcome.REMOVE, person="Bob", external_id="x1", days=1)])
    snapshot, path = export(services, ada, tmp_path)
    (row,) = rows_of(path)
    assert list(row) == list(COLUMNS)
    assert (row["id"], row["comment_text"], row["toxic"], row["insult"]) == ("x1", "you twit", 1, 0)
    assert (row["source"], row["moderator"], row["lane"], row["blind"]) == ("site", "Bob", "flagged", False)
    assert (row["outcome"], row["model"]) == ("remove", "first")
    assert row["decided_at"] == (START + timedelta(days=1)).isoformat()
    assert snapshot.rows == 1


def test_only_the_newest_decision_that_stands_counts(services, ada, tmp_path):
    ids = put(services, [Made("a", TOXIC), Made("b", TOXIC, undone=True), Made("c", None)])
    put(services, [Made("d", TOXIC, Outcome.ESCALATE)])
    assert len(ids) == 3
    _, path = export(services, ada, tmp_path)
    assert [row["comment_text"] for row in rows_of(path)] == ["a"]


def test_what_is_not_decided_or_not_scored_never_appears(services, ada, tmp_path):
    put(services, [Made("decided"), Made("waits", None), Made("not scored", None, routed=False)])
    snapshot, path = export(services, ada, tmp_path)
    assert [row["comment_text"] for row in rows_of(path)] == ["decided"]
    assert "- 2 without a decision" in snapshot.card


def test_training_leaves_out_audit_and_golden_items_and_their_copies(services, ada, tmp_path):
    kept = [Made("fine words"), Made("mean words", TOXIC)]
    audit = [Made("Audited", audit=True), Made("audited ", TOXIC), Made("ＡＵＤＩＴＥＤ", TOXIC)]
    golden = [Made("known", TOXIC, golden=True), Made("KNOWN", TOXIC), Made("open audit", None, audit=True)]
    put(services, [*kept, *audit, *golden, Made("open audit", TOXIC)])
    snapshot, path = export(services, ada, tmp_path, purpose="training")
    assert [row["comment_text"] for row in rows_of(path)] == ["fine words", "mean words"]
    assert "- 5 audit or golden items" in snapshot.card
    records, _ = export(services, ada, tmp_path, "all.jsonl")
    assert records.rows == 7


_number = count()
_made = st.builds(
    Made,
    text=st.sampled_from(["a", "A ", "b", "B", "c", "ｃ", "d e", "D  E", "=1+1", "\u202eabc"]),
    labels=st.sampled_from([None, TOXIC, (False,) * 6]),
    outcome=st.sampled_from(list(Outcome)),
    audit=st.booleans(),
    golden=st.sampled_from([False, False, True]),
    undone=st.booleans(),
)


@given(items=st.lists(_made, max_size=12))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_training_export_ever_holds_evaluation_content(sqlite_services, ada, tmp_path, items):
    """Promise 4. The database grows from example to example, which only makes it harder."""
    put(sqlite_services, items)
    evaluation = put_hashes(sqlite_services)
    path = tmp_path / f"{next(_number)}.jsonl"
    try:
        sqlite_services.datasets.export(path, by=ada, purpose="training")
    except BadInput:
        return  # nothing is left, which is fine
    exported = {text_hash(row["comment_text"]) for row in rows_of(path)}
    assert not exported & evaluation
    assert not sqlite_services.datasets.find_for_evaluation(exported)
    assert sqlite_services.datasets.find_for_evaluation(evaluation | exported) == evaluation


def put_hashes(services) -> set[str]:
    """The contents of audit and golden items, by another way than the product's."""
    from sqlalchemy import text

    found = "SELECT text_hash FROM comment WHERE id IN (SELECT comment_id FROM golden) OR id IN "
    with services.sessions.read() as session:
        return set(session.scalars(text(found + "(SELECT comment_id FROM routing WHERE audit)")))


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), "abcd"),
        (Filters(since=DAY + timedelta(days=1)), "bcd"),
        (Filters(until=DAY + timedelta(days=1)), "ab"),
        (Filters(labels=pack_labels(TOXIC)), "bd"),
        (Filters(source="other"), "c"),
        (Filters(moderator="Bob"), "d"),
        (Filters(lane=Lane.AUDIT), "b"),
        (Filters(outcome=Outcome.REMOVE), "d"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_filters(services, ada, tmp_path, filters, wanted):
    put(
        services,
        [
            Made("a"),
            Made("b", TOXIC, audit=True, days=1),
            Made("c", source="other", days=2),
            Made("d", TOXIC, Outcome.REMOVE, person="Bob", days=3),
        ],
    )
    snapshot, path = export(services, ada, tmp_path, filters=filters)
    assert "".join(row["comment_text"] for row in rows_of(path)) == wanted
    assert services.datasets.preview("records", filters).rows == snapshot.rows
    assert services.datasets.preview("records", filters).left_out.filtered == 4 - len(wanted)


ODD = [
    '=HYPERLINK("http://e.test")',
    "+1",
    "-1",
    "@SUM(1)",
    "\tx",
    "\rx",
    "a\nb",
    'q"u,o;te',
    "\u202eevil",
    "x" * 60_000,
]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_every_format_keeps_odd_text_and_is_the_same_twice(sqlite_services, ada, tmp_path, ending):
    put(sqlite_services, [Made(text, TOXIC, source="=cmd()", person="+Bob") for text in ODD])
    first, path = export(sqlite_services, ada, tmp_path, f"one.{ending}")
    again, _ = export(sqlite_services, ada, tmp_path, f"two.{ending}")
    assert first.sha256 == again.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    rows = read(path, ending)
    texts = [row["comment_text"] for row in rows]
    if ending[:3] in ("csv", "tsv"):
        assert all(row["comment_text"][:1] not in "=+-@\t\r\n" for row in rows)
        assert rows[0]["source"] == "'=cmd()"
        assert rows[0]["moderator"] == "'+Bob"
        texts = [text.removeprefix("'") for text in texts]
    assert texts == ODD
    assert [int(row["toxic"]) for row in rows] == [1] * len(ODD)


def read(path, ending):
    if ending == "parquet":
        return pq.read_table(path).to_pylist()
    raw = gzip.decompress(path.read_bytes()) if ending.endswith(".gz") else path.read_bytes()
    if ending.startswith("jsonl"):
        return [json.loads(line) for line in raw.decode().split("\n") if line]
    delimiter = "\t" if ending == "tsv" else ","
    csv.field_size_limit(1 << 20)
    return list(csv.DictReader(io.StringIO(raw.decode(), newline=""), delimiter=delimiter))


def test_the_card_tells_what_the_file_holds(services, ada, tmp_path):
    put(services, [Made("a", TOXIC), Made("b", person="Bob|`x`"), Made("c", audit=True), Made("d", None)])
    snapshot, path = export(services, ada, tmp_path, purpose="training", filters=Filters(source="site"))
    for line in (
        f"- SHA-256 of the file: `{hashlib.sha256(path.read_bytes()).hexdigest()}`",
        "- Rows: 2",
        "- Filters: source `site`",
        "| `toxic` | 1 |",
        "| `none of them` | 1 |",
        "| `Ada` | 1 |",
        "| `Bob\ufffd\ufffdx\ufffd` | 1 |",
        "- 1 audit or golden items",
    ):
        assert line in snapshot.card
    assert services.datasets.list_snapshots() == [snapshot]
    assert services.datasets.require_snapshot(snapshot.id) == snapshot


def test_many_rows_come_in_order(sqlite_services, ada, tmp_path):
    ids = put(sqlite_services, [Made(f"text {i}", external_id=f"{i}") for i in range(4_500)])
    snapshot, path = export(sqlite_services, ada, tmp_path)
    assert [row["id"] for row in rows_of(path)] == [str(i) for i in range(len(ids))]
    assert snapshot.rows == 4_500


def test_nothing_to_export_leaves_no_file(services, ada, tmp_path):
    with pytest.raises(BadInput, match="nothing to export"):
        export(services, ada, tmp_path)
    put(services, [Made("a")])
    with pytest.raises(BadInput, match="Swap"):
        export(services, ada, tmp_path, filters=Filters(since=date(2026, 2, 1), until=date(2026, 1, 1)))
    with pytest.raises(BadInput, match=r"\.xlsx"):
        export(services, ada, tmp_path, "out.xlsx")
    with pytest.raises(BadInput, match="cannot be written"):
        services.datasets.export(tmp_path / "no" / "folder.csv", by=ada)
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    assert services.datasets.list_snapshots() == []


def test_a_snapshot_s_file_is_proven(sqlite_services, ada, tmp_path):
    put(sqlite_services, [Made("a")])
    datasets = sqlite_services.datasets
    snapshot = datasets.export_into("exports", "csv", by=ada)
    assert not snapshot.path.startswith("/")
    path = datasets.require_file(snapshot)
    path.write_text("other")
    with pytest.raises(BadInput, match="not the file"):
        datasets.require_file(snapshot)
    path.unlink()
    with pytest.raises(NotFound, match="gone"):
        datasets.require_file(snapshot)


def test_the_role_is_checked(sqlite_services, tmp_path):
    put(sqlite_services, [Made("a")])
    with pytest.raises(NotAllowed):
        sqlite_services.datasets.export(tmp_path / "a.csv", by=Person("Eve", frozenset()))
