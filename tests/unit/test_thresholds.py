from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmer.errors import ConfigError
from warmer.thresholds import METRICS, Threshold, ThresholdResult, changes, evaluate, parse


@pytest.mark.parametrize(
    ("expr", "metric", "operator", "value"),
    [
        ("hit_ratio>=0.95", "hit_ratio", ">=", 0.95),
        ("  hit_ratio >= 95% ", "hit_ratio", ">=", 0.95),
        ("cacheable_hit_ratio>99.9 %", "cacheable_hit_ratio", ">", 0.999),
        ("traffic_hit_ratio==1", "traffic_hit_ratio", "==", 1.0),
        ("failed_ratio<1%", "failed_ratio", "<", 0.01),
        ("hot_p95_ms<=200", "hot_p95_ms", "<=", 200.0),
        ("cold_p95_ms < 1500.5", "cold_p95_ms", "<", 1500.5),
        ("min_ttl_s>=60", "min_ttl_s", ">=", 60.0),
        ("evictions==0", "evictions", "==", 0.0),
        ("cold_p95_ms.change<=1.2", "cold_p95_ms.change", "<=", 1.2),
        ("hit_ratio.change >= 98%", "hit_ratio.change", ">=", 0.98),
        ("failed_ratio.change<=2", "failed_ratio.change", "<=", 2.0),
    ],
)
def test_an_expression_is_read(expr: str, metric: str, operator: str, value: float) -> None:
    assert parse(expr) == Threshold(expr.strip(), metric, operator, value)


@pytest.mark.parametrize(
    "expr",
    [
        "",
        "hit_ratio",
        "hit_ratio=0.9",
        "hit_ratio=>0.9",
        "hit_ratio!=1",
        "hit_ratio>=",
        "hit_ratio>=-1",
        "hit_ratio>=nan",
        "hit_ratio>=1e3",
        "hit_ratio>=0,95",
        "hot_p95_ms<=200ms",
        "0.95<=hit_ratio",
        "hit_ratio>=0.9 and evictions==0",
        "hit_ratio>=٩",
        "hit_ratio.>=1",
        "hit_ratio.change.change>=1",
    ],
)
def test_what_is_no_expression_is_refused_with_an_example(expr: str) -> None:
    with pytest.raises(ConfigError, match=r"expected METRIC OP VALUE .*hit_ratio>=0\.95"):
        parse(expr)


def test_whom_the_shell_took_the_operator_from_is_told_of_quotes() -> None:
    with pytest.raises(ConfigError, match=r"; in quotes, for to a shell > is a redirection$"):
        parse("hit_ratio")


def test_an_unknown_metric_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"unknown metric hit_rato; .*did you mean hit_ratio\?$"):
        parse("hit_rato>=0.95")


def test_a_metric_like_none_of_them_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match=r"expected hit_ratio, .*, min_ttl_s, evictions$"):
        parse("xyz>=1")


def test_only_change_can_stand_behind_a_metric() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown metric hit_ratio\.chance; .*mean hit_ratio\.ch"
    ):
        parse("hit_ratio.chance>=1")


def test_a_ratio_over_one_is_taken_for_a_forgotten_percent_sign() -> None:
    with pytest.raises(ConfigError, match="hit_ratio is 0 to 1"):
        parse("hit_ratio>=95")
    with pytest.raises(ConfigError, match="hit_ratio is 0 to 1"):
        parse("hit_ratio>=950%")


def test_percent_of_milliseconds_is_refused() -> None:
    with pytest.raises(ConfigError, match="hot_p95_ms is not a ratio"):
        parse("hot_p95_ms<=5%")


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_one_line_of_error(expr: str) -> None:
    try:
        assert parse(expr).metric.removesuffix(".change") in METRICS
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - most texts raise, some may not


@pytest.mark.parametrize(
    ("expr", "value", "verdict"),
    [
        ("hit_ratio>=0.95", 0.95, "pass"),
        ("hit_ratio>=0.95", 0.9499, "fail"),
        ("hit_ratio>0.95", 0.95, "fail"),
        ("evictions==0", 0, "pass"),
        ("evictions==0", 1, "fail"),
        ("hot_p95_ms<=200", 200.0, "pass"),
        ("hot_p95_ms<200", 200.0, "fail"),
        ("hit_ratio>=99.9%", 0.999, "pass"),
    ],
)
def test_a_value_is_compared(expr: str, value: float, verdict: str) -> None:
    [result] = evaluate([parse(expr)], {parse(expr).metric: value})
    assert (result.expr, result.value, result.verdict) == (expr, value, verdict)


@pytest.mark.parametrize("expr", ["hit_ratio>=0", "failed_ratio<=1", "evictions==0"])
def test_a_metric_without_a_value_never_passes(expr: str) -> None:
    threshold = parse(expr)
    no_data = [ThresholdResult(expr, None, "no_data")]
    assert evaluate([threshold], {}) == no_data
    assert evaluate([threshold], {threshold.metric: None}) == no_data
    assert evaluate([threshold], {threshold.metric: math.nan}) == no_data


def test_results_come_in_the_order_of_the_thresholds() -> None:
    thresholds = [parse("evictions==0"), parse("hit_ratio>=1"), parse("evictions==0")]
    results = evaluate(thresholds, {"hit_ratio": 0.5, "evictions": 0})
    assert [result.verdict for result in results] == ["pass", "fail", "pass"]


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (120.0, 100.0, 1.2),
        (0.5, 1.0, 0.5),
        (0.0, 0.0, 1.0),
        (3.0, 0.0, math.inf),
        (0.0, 5.0, 0.0),
        (None, 5.0, None),
        (5.0, None, None),
        (math.nan, 1.0, None),
    ],
)
def test_a_change_is_now_divided_by_before(
    now: float | None, before: float | None, change: float | None
) -> None:
    assert changes({"evictions": now}, {"evictions": before}) == {"evictions.change": change}


def test_a_change_without_an_earlier_run_fails_the_gate() -> None:
    (result,) = evaluate([parse("cold_p95_ms.change<=1.2")], {"cold_p95_ms": 80.0})
    assert result.verdict == "no_data"


def test_more_where_there_was_nothing_fails_every_ceiling() -> None:
    found = changes({"evictions": 1}, {"evictions": 0})
    (result,) = evaluate([parse("evictions.change<=999")], found)
    assert result.verdict == "fail"
