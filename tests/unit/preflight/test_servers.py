"""What several servers have alike is said once, and what one has of its own is said of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from warmer.preflight.result import Grade, Result
from warmer.preflight.servers import merged

A, B, C = "10.0.0.5:443", "10.0.0.6:443", "10.0.0.7:443"


def hsts(grade: Grade, reason: str = "max-age is 60 s") -> Result:
    return Result("hsts", grade, "https://www.example.com/", reason, "raise it")


def test_what_all_servers_say_alike_is_one_result_of_the_site() -> None:
    assert merged({A: [hsts(Grade.WARN)], B: [hsts(Grade.WARN)]}) == [hsts(Grade.WARN)]


def test_what_is_well_at_all_servers_need_not_be_said_in_the_same_words() -> None:
    found = merged({A: [hsts(Grade.OK, "90.0 days left")], B: [hsts(Grade.OK, "89.9 days left")]})
    assert found == [hsts(Grade.OK, "90.0 days left")]


def test_each_way_in_which_servers_differ_names_those_that_are_so() -> None:
    well, ill = hsts(Grade.OK), hsts(Grade.FAIL, "none")
    assert [each.where for each in merged({A: [well], B: [ill], C: [well]})] == [
        f"https://www.example.com/ at {A}, {C}",
        f"https://www.example.com/ at {B}",
    ]


def test_two_faults_with_other_reasons_are_two_results() -> None:
    found = merged({A: [hsts(Grade.FAIL, "none")], B: [hsts(Grade.FAIL, "switched off")]})
    assert [each.reason for each in found] == ["none", "switched off"]


def test_what_one_server_alone_was_asked_for_is_of_the_site() -> None:
    assert merged({A: [hsts(Grade.OK)], B: []}) == [hsts(Grade.OK)]


results = st.builds(
    Result,
    check=st.sampled_from(["hsts", "admin"]),
    grade=st.sampled_from(Grade),
    where=st.just("/"),
    reason=st.sampled_from(["a", "b"]),
)


@given(st.dictionaries(st.sampled_from([A, B, C]), st.lists(results, max_size=3)))
def test_no_finding_of_any_server_is_lost(of_servers: dict[str, list[Result]]) -> None:
    said = {(each.check, each.grade, each.reason) for each in merged(of_servers)}
    for each in (result for found in of_servers.values() for result in found):
        if each.grade in (Grade.WARN, Grade.FAIL):
            assert (each.check, each.grade, each.reason) in said
