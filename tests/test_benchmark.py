"""The benchmark on small data: everyone gets the same, is judged alike, and nobody is left out."""

import csv
import json
import warnings
from types import SimpleNamespace

import bench
import cases
import numpy as np
import pytest
import report
import worker
from entrants import ENTRANTS, Entrant

import lmmteach as lt

ABSENT = Entrant("a package from nowhere", "a_package_from_nowhere")
SLOPE = cases.random_slope(400)
FITTING = [e for e in ENTRANTS if not e.missing() and e.name not in ("lme4", "three np.bincount")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slope")
    worker.make(SLOPE, folder)
    return folder


def named(*names):
    return [entrant for entrant in ENTRANTS if entrant.name in names]


@pytest.mark.parametrize("case", cases.all_cases([1000, 3000]), ids=lambda case: case.name)
def test_data_are_the_same_after_they_were_handed_over(case, tmp_path):
    assert cases.find(case.model, case.rows).name == case.name
    worker.make(case, tmp_path)
    data, made = cases.read(tmp_path / "data"), case.make()
    assert list(data) == case.columns
    assert len(data) == case.rows
    assert data.memory_usage(index=False).sum() == case.bytes
    for name in case.columns:
        np.testing.assert_array_equal(data[name], made[name])
    for group, _ in case.random:
        assert data[group].dtype == np.int64
    assert list(cases.read(tmp_path / "warm")) == case.columns


def test_a_case_is_the_model_that_it_says():
    assert cases.estrone().formula == "logestrone ~ 1 + (1 | woman)"
    assert cases.insteval().formula == "y ~ service + (1 | s) + (1 | d)"
    assert SLOPE.formula == "y ~ x + (x | g)"
    assert SLOPE.name == "random slope, 400 rows"
    made = SLOPE.make()
    assert len(np.unique(made["g"])) == 40
    np.testing.assert_array_equal(SLOPE.make()["y"], made["y"])


@pytest.mark.parametrize("entrant", FITTING, ids=lambda entrant: entrant.name)
def test_the_estimates_of_everyone_are_read_as_they_are_meant(entrant, folder):
    data = cases.read(folder / "data")
    fit = lt.lmm(SLOPE.formula, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = entrant.covariances(SLOPE, entrant.call(SLOPE, data))
        entrant.fit(SLOPE, data)()
    assert list(found) == ["g"]
    np.testing.assert_allclose(found["g"], fit.covariance / fit.sigma2_e, rtol=0.01)


def test_the_judge_gives_a_fit_its_own_criterion_and_any_other_a_larger_one(folder):
    fit = lt.lmm(SLOPE.formula, cases.read(folder / "data"), engine="literal")
    best = fit.covariance / fit.sigma2_e
    transposed = best[::-1, ::-1]
    no_correlation = np.diag(np.diag(best))
    estimates = {"best": best, "transposed": transposed, "diagonal": no_correlation}
    estimates = {name: {"g": matrix.tolist()} for name, matrix in estimates.items()}
    judged = worker.judge(SLOPE, folder, estimates)
    assert judged["best"] == pytest.approx(fit.evaluation.criterion, abs=1e-8)
    assert judged["transposed"] > judged["best"] + 0.1
    assert judged["diagonal"] > judged["best"]


def test_the_judge_takes_a_singular_estimate(folder):
    judged = worker.judge(SLOPE, folder, {"zero": {"g": [[0, 0], [0, 0]]}})
    data = cases.read(folder / "data")
    # Without random effects REML is that of the regression.
    X = np.column_stack([np.ones(len(data)), data["x"]])
    _, rss, *_ = np.linalg.lstsq(X, data["y"])
    df = len(X) - 2
    assert judged["zero"] == pytest.approx(df * (1 + np.log(2 * np.pi * rss[0] / df)), abs=1e-8)


def test_who_cannot_take_part_is_named_with_the_reason():
    assert ABSENT.missing() == "not installed"
    literal, statsmodels, mixedlm_rs = named("lmmteach, literal", "statsmodels", "mixedlm-rs")
    assert literal.refuses(cases.random_intercept(10_000)) == "V would be 10,000 × 10,000"
    assert not literal.refuses(cases.random_intercept(4000))
    for entrant in (statsmodels, mixedlm_rs):
        assert entrant.refuses(cases.insteval()) == "one grouping factor only"
        assert not entrant.refuses(SLOPE)


def test_whoever_is_stopped_is_not_tried_on_more_rows():
    slow, entrants = {}, named("lmmteach, fast")
    options = SimpleNamespace(rounds=2, seconds=1, limit=0.001)
    small, large = cases.random_intercept(200), cases.random_intercept(300)
    (row,) = bench.measure(small, entrants, {}, slow, options)
    assert row.remark == "stopped after 0.001 s"
    (row,) = bench.measure(large, entrants, {}, slow, options)
    assert row.remark == "not tried: stopped after 0.001 s at 200 rows"


def test_a_process_that_fails_says_why(tmp_path):
    out = tmp_path / "found.json"
    command = [bench.sys.executable, "-c", "raise ValueError('no such model')"]
    assert bench.process(command, 60, out) == (None, "failed: ValueError: no such model")
    # What it had found before counts.
    command[-1] = f"open({str(out)!r}, 'w').write('1'); import os; os.abort()"
    assert bench.process(command, 60, out) == (1, "ended by signal 6")


@pytest.mark.slow
def test_a_run_names_everyone_and_leaves_tables_plot_and_conditions(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "ENTRANTS", [*ENTRANTS, ABSENT])
    options = ["--models", "random intercept", "--rows", "3e2", "--rounds", "1", "--seconds", "0.1"]
    bench.main([*options, "--out", str(tmp_path)])
    assert "a package from nowhere not installed" in capsys.readouterr().out
    with open(tmp_path / "benchmark.csv", encoding="utf-8") as file:
        table = {one["entrant"]: one for one in csv.DictReader(file)}
    assert list(table) == [*(entrant.name for entrant in ENTRANTS), ABSENT.name]
    for entrant in (*ENTRANTS, ABSENT):
        one = table[entrant.name]
        assert (one["model"], one["rows"]) == ("random intercept", "300")
        assert one["remark"] == entrant.missing()
        if not one["remark"]:
            assert float(one["fit_s"]) > 0
        if not one["remark"] and entrant.name != "three np.bincount":
            assert float(one["call_s"]) > 0
            # A stock search ends a little off.
            assert 0 <= float(one["criterion_above_best"]) < 1e-4
    text = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert "## random intercept, 300 rows\n\n`y ~ x + (1 | g)`" in text
    assert "| a package from nowhere | not installed |" in text
    known = json.loads((tmp_path / "conditions.json").read_text(encoding="utf-8"))
    assert list(known["versions"]) == list(table)
    assert known["versions"][ABSENT.name] == "not installed"
    assert text.startswith(f"# Benchmark of {known['date']}")
    assert (tmp_path / "benchmark.svg").read_text(encoding="utf-8").count("<path") > 20


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (2.5e-6, "2.50 µs"),
        (0.0123456, "12.3 ms"),
        (0.99996, "1,000 ms"),
        (1.0, "1.00 s"),
        (123.4, "123 s"),
        (4321.0, "4,321 s"),
    ],
)
def test_durations_have_three_digits(seconds, text):
    assert report.duration(seconds) == text


def test_a_table_compares_with_the_fast_engine():
    row = {"criterion_above_best": 2e-5, "memory_bytes": 2**23, "data_bytes": 2**22, "remark": ""}
    fast = row | {"entrant": "lmmteach, fast", "fit_s": 0.01, "call_s": 0.02}
    slow = row | {"entrant": "slow", "fit_s": 0.05, "call_s": None, "memory_bytes": None}
    none = row | {"entrant": "none", "remark": "not installed"}
    assert report.table([fast, slow, none]).splitlines()[2:] == [
        "| lmmteach, fast | 10.0 ms | 1.00 | 20.0 ms | 1.00 | 2.0e-05 | 8 MiB | 2.0 |",
        "| slow | 50.0 ms | 5.00 | – | – | 2.0e-05 | – | – |",
        "| none | not installed | | | | | | |",
    ]


def test_every_entrant_has_a_look_in_the_plot():
    # What "auto" takes is the quicker of the two that are drawn.
    assert {entrant.name for entrant in ENTRANTS} - set(report.LOOKS) == {"lmmteach, auto"}
