"""Simulation studies: what is drawn, what is counted, and that nothing depends on who does it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import BrokenExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import lmmteach as lt
from lmmteach import studies
from lmmteach.studies import Truth

FORMULA = "y ~ treated + (1 | woman)"
BETA, THETA = [14.0, 1.0], [1.75, 0.33]


def women(groups=6, measurements=3):
    data = lt.design(woman=groups, day=measurements)
    return data.assign(treated=(data["woman"] % 2).astype(float))


def small(**options):
    given = {"nsim": 12, "progress": False} | options
    return lt.study(FORMULA, women(), BETA, THETA, **given)


def assert_same(one, other):
    """The same bit for bit."""
    pd.testing.assert_frame_equal(one.draws, other.draws, check_exact=True)
    pd.testing.assert_frame_equal(one.failures, other.failures, check_exact=True)


# What is drawn ------------------------------------------------------------------------------------


def test_a_design_has_a_row_for_each_combination():
    data = lt.design(woman=2, when=["before", "after"], day=3)
    assert list(data) == ["woman", "when", "day"]
    assert data.to_numpy().tolist()[:4] == [
        [1, "before", 1],
        [1, "before", 2],
        [1, "before", 3],
        [1, "after", 1],
    ]
    assert len(data) == 12


@pytest.mark.parametrize("columns", [{}, {"woman": []}])
def test_a_design_needs_columns_with_values(columns):
    with pytest.raises(ValueError, match="needs columns with values"):
        lt.design(**columns)


SLEEP = lt.load_data("sleepstudy").drop(columns="Reaction")
SLOPES = "y ~ Days + (Days | Subject)"
SLOPE_THETA = [612.1, 9.6, 35.07, 654.94]


def covariance_of_draws(truth, number=20_000):
    rng = np.random.default_rng(12)
    return np.cov([truth.law.draw(rng) for _ in range(number)], rowvar=False)


def test_responses_of_slopes_have_the_covariance_of_theta():
    data = SLEEP[SLEEP["Subject"].isin([308, 309])].reset_index(drop=True)
    truth = Truth.of(SLOPES, data, [250, 10], SLOPE_THETA)
    x = np.arange(10)
    of_one = 612.1 + 9.6 * (x[:, None] + x) + 35.07 * np.outer(x, x) + 654.94 * np.eye(10)
    V = np.kron(np.eye(2), of_one)
    scale = np.sqrt(np.outer(np.diag(V), np.diag(V)))
    assert np.max(np.abs(covariance_of_draws(truth) - V) / scale) < 6 * np.sqrt(2 / 20_000)
    np.testing.assert_allclose(truth.law.mean, 250 + 10 * data["Days"])


def test_responses_of_crossed_factors_have_the_covariance_of_theta():
    data = lt.design(plate=3, sample=4).assign(z=0.0)
    truth = Truth.of("y ~ 1 + (1 | plate) + (1 | sample)", pd.concat([data] * 2), [5], [2, 3, 1])
    names = list(truth.theta)
    assert names == ["var_(Intercept)|sample", "var_(Intercept)|plate", "sigma2_e"]
    both = pd.concat([data] * 2)
    same = {n: both[n].to_numpy()[:, None] == both[n].to_numpy() for n in ("plate", "sample")}
    V = 2 * same["sample"] + 3 * same["plate"] + np.eye(24)
    assert np.max(np.abs(covariance_of_draws(truth) - V)) < 6 * 6 * np.sqrt(2 / 20_000)


def test_an_offset_is_part_of_the_mean_and_parameters_may_have_names():
    data = women().assign(at=np.linspace(0, 1, 18))
    beta = {"treated": 1.0, "(Intercept)": 14.0}
    theta = pd.Series({"sigma2_e": 0.33, "sigma2_b": 1.75})
    truth = Truth.of("y ~ treated + offset(at) + (1 | woman)", data, beta, theta)
    np.testing.assert_allclose(truth.law.mean, 14 + data["treated"] + data["at"])
    assert truth.theta == {"sigma2_b": 1.75, "sigma2_e": 0.33}


def test_the_estimates_of_a_fit_can_be_the_truth():
    fit = lt.lmm("Reaction ~ Days + (Days | Subject)", lt.load_data("sleepstudy"))
    truth = Truth.of(fit.formula, lt.load_data("sleepstudy"), fit.beta, fit.theta)
    np.testing.assert_allclose(truth.law.mean, fit.X @ fit.beta)
    (root,) = truth.law.roots
    np.testing.assert_allclose(root @ root, fit.covariance, rtol=1e-10)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"beta": [14]}, r"beta has 1 numbers, but this formula needs 2: \(Intercept\), treated"),
        ({"beta": {"treated": 1}}, r"needs \['\(Intercept\)', 'treated'\]"),
        ({"theta": [1.75, 0.33, 1]}, "theta has 3 numbers, .* needs 2: sigma2_b, sigma2_e"),
        ({"theta": [1.75, 0]}, "theta is no set of variances"),
        ({"theta": [-1, 0.3]}, "theta is no set of variances"),
        ({"theta": [np.nan, 0.3]}, "theta has a missing or infinite value"),
        ({"formula": "log(y) ~ treated + (1 | woman)"}, "Give it a name of its own"),
        ({"formula": "y ~ treated"}, "has no random part"),
        ({"formula": "y ~ treatd + (1 | woman)"}, "no column 'treatd'. Did you mean 'treated'"),
        ({"nsim": 0}, "nsim = 0"),
        ({"level": 95}, "between 0 and 1"),
        ({"models": {"small": "y ~ 1 + (1 | day)", "large": "y ~ 1"}}, "has no random part"),
        ({"models": {"fit": "day ~ 1 + (1 | woman)"}}, "must be 'y', which is drawn"),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(changed, words):
    given = {"formula": FORMULA, "data": women(), "beta": BETA, "theta": THETA, "nsim": 2}
    with pytest.raises(ValueError, match=words):
        lt.study(**given | changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"data": 3}, "must be a pandas DataFrame"),
        ({"seed": np.random.default_rng(1)}, "seed = .* must be a whole number"),
        ({"models": "y ~ 1 + (1 | woman)"}, "models must be a dict"),
        ({"collect": lambda fit: 3}, "collect must return a dict"),
        ({"collect": lambda fit: {"b": fit.b}}, "for 'b', but it must be a number"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused_with_words(changed, words):
    given = {"formula": FORMULA, "data": women(), "beta": BETA, "theta": THETA, "nsim": 2}
    with pytest.raises(TypeError, match=words):
        lt.study(**given | changed)


# What is counted ----------------------------------------------------------------------------------


def test_a_refit_is_the_fit_of_the_formula_to_the_same_data():
    study = small(nsim=3, collect=lambda fit: {f"y{k}": y for k, y in enumerate(fit.y)})
    usual = small(nsim=3)
    for i, y in enumerate(study.draws.to_numpy()):
        fit = lt.lmm(FORMULA, women().assign(y=y))
        row = usual.draws.loc[i]
        assert row["treated"] == pytest.approx(fit.beta["treated"], rel=1e-10)
        assert row["se treated"] == pytest.approx(fit.se["treated"], rel=1e-8)
        assert row["sigma2_b"] == pytest.approx(fit.sigma2_b, rel=1e-7, abs=1e-12)
        interval = fit.wald_interval().loc["treated"]
        assert row["covers treated"] == (interval["lower"] <= 1 <= interval["upper"])
        z = fit.beta["treated"] / fit.se["treated"]
        assert row["p treated"] == pytest.approx(2 * stats.norm.sf(abs(z)))
        assert row["singular"] == fit.is_singular


def test_the_fit_that_is_collected_knows_its_data():
    def collect(fit):
        again = lt.lmm(fit.formula, fit.frame.data)
        return {"difference": again.loglik - fit.loglik, "rows": fit.nobs}

    draws = small(nsim=2, collect=collect).draws
    np.testing.assert_allclose(draws["difference"], 0, atol=1e-9)
    assert (draws["rows"] == 18).all()


def test_with_degrees_of_freedom_intervals_and_p_values_are_those_of_t():
    draws = small(df=4, level=0.9).draws
    t = draws["treated"].abs() / draws["se treated"]
    np.testing.assert_allclose(draws["p treated"], 2 * stats.t(4).sf(t))
    covers = (draws["treated"] - 1).abs() <= stats.t(4).ppf(0.95) * draws["se treated"]
    assert draws["covers treated"].tolist() == covers.tolist()


def test_the_summary_is_made_of_the_draws():
    study = small(nsim=40)
    draws, row = study.draws, study.summary().loc["treated"]
    assert row["truth"] == 1
    assert row["mean"] == pytest.approx(draws["treated"].mean())
    assert row["bias"] == pytest.approx(draws["treated"].mean() - 1)
    assert row["bias_error"] == pytest.approx(draws["treated"].std() / np.sqrt(40))
    assert row["sd"] == pytest.approx(draws["treated"].std())
    assert row["coverage"] == pytest.approx(draws["covers treated"].mean())
    assert row["rejects"] == pytest.approx((draws["p treated"] < 0.05).mean())
    share = row["rejects"]
    assert row["rejects_error"] == pytest.approx(np.sqrt(share * (1 - share) / 39))
    assert list(study.summary().index) == ["(Intercept)", "treated", "sigma2_b", "sigma2_e"]
    assert study.summary().loc["sigma2_b", "truth"] == 1.75
    assert np.isnan(study.summary().loc["sigma2_b", "coverage"])


def test_several_models_are_fitted_to_the_same_data():
    models = {"ML": {"method": "ML"}, "REML": {"method": "REML"}, "wrong": "y ~ 1 + (1 | woman)"}
    study = small(models=models)
    pd.testing.assert_series_equal(
        study.draws["REML treated"], small().draws["treated"], check_names=False
    )
    table = study.summary()
    assert table.index.names == ["model", "parameter"]
    assert (study.draws["ML sigma2_b"] <= study.draws["REML sigma2_b"] + 1e-9).all()
    assert ("wrong", "treated") not in table.index
    assert table.loc[("wrong", "(Intercept)"), "truth"] == 14
    assert "wrong: (Intercept)" in repr(study)
    assert "singular fits of ML: " in repr(study)


def test_what_the_truth_does_not_have_is_0_or_unknown():
    study = small(models={"fit": "y ~ treated + day + (1 | woman)"})
    assert study.summary().loc["day", "truth"] == 0
    study = lt.study(
        "y ~ Days + (1 | Subject)", SLEEP, [250, 10], [1378, 960], nsim=3, models={"fit": SLOPES}
    )
    assert np.isnan(study.summary().loc["var_(Intercept)|Subject", "truth"])
    assert np.isfinite(study.summary().loc["sigma2_e", "bias"])


def test_a_function_gets_the_fits_under_their_names():
    def collect(small, large):
        return {"p": lt.lrt(small, large).pvalue, "n": large.nobs, "rejects": True, "word": "a"}

    models = {
        "small": {"formula": "y ~ 1 + (1 | woman)", "method": "ML"},
        "large": {"method": "ML"},
    }
    study = small(models=models, collect=collect)
    assert list(study.draws) == ["p", "n", "rejects", "word"]
    assert study.draws["p"].between(0, 1).all()
    table = study.summary()
    assert list(table.index) == ["p", "n", "rejects"]
    assert table.loc["rejects", "mean"] == 1
    assert "in all 12 draws" in repr(study)


def test_the_printed_study_names_its_truth_and_has_its_errors():
    text = repr(small(nsim=30))
    assert text.startswith(f"30 data sets drawn from {FORMULA} (18 rows in 6 groups; seed 15)")
    assert "singular fits: " in text
    assert text.count("±") > 8
    assert "could not" not in text


def fails_sometimes(fit):
    if fit.y[0] > 15:
        raise ValueError("this one is too large.")
    return {"first": fit.y[0]}


def test_failures_are_counted_and_named_and_the_others_are_not_moved():
    study = small(nsim=40, collect=fails_sometimes)
    every = small(nsim=40, collect=lambda fit: {"first": fit.y[0]}).draws["first"]
    assert study.nsim == 40
    assert len(study.failures) == (every > 15).sum() > 0
    assert set(study.failures["why"]) == {"ValueError: this one is too large."}
    pd.testing.assert_series_equal(study.draws["first"], every[every <= 15], check_exact=True)
    number = len(study.failures)
    assert f"{number} could not be fitted and are left out. {number}: ValueError: t" in repr(study)


def test_if_no_data_set_can_be_fitted_the_first_one_says_why():
    def collect(fit):
        raise ValueError("never.")

    with pytest.raises(ValueError, match=r"None of the 12 .* ValueError: never\."):
        small(collect=collect)


def test_a_mistake_in_the_students_function_is_seen():
    with pytest.raises(KeyError, match="treatd"):
        small(collect=lambda fit: {"x": fit.beta["treatd"]})


def test_a_figure_with_a_missing_draw_is_missing():
    study = small(collect=lambda fit: {"x": np.nan})
    assert study.summary().loc["x"].isna().all()


def test_what_does_not_change_from_draw_to_draw_is_prepared_once(monkeypatch):
    from lmmteach import fit

    read, counted = fit.read_model, []
    monkeypatch.setattr(fit, "read_model", lambda *args: counted.append(1) or read(*args))
    small(nsim=2)
    of_two = len(counted)
    small(nsim=30)
    assert len(counted) == 2 * of_two


# The same numbers whoever draws -------------------------------------------------------------------


def test_data_set_i_is_drawn_from_the_ith_child_of_the_seed():
    collected = small(nsim=5, seed=3, collect=lambda fit: {"first": fit.y[0]}).draws["first"]
    truth = Truth.of(FORMULA, women(), BETA, THETA)
    children = np.random.SeedSequence(3).spawn(5)
    drawn = [truth.law.draw(np.random.default_rng(child))[0] for child in children]
    assert collected.tolist() == drawn
    assert small(seed=4).draws["treated"].tolist() != small(seed=3).draws["treated"].tolist()


def test_more_data_sets_leave_the_first_ones_as_they_were():
    pd.testing.assert_frame_equal(small(nsim=20).draws.iloc[:12], small().draws, check_exact=True)


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_number_of_processes_changes_nothing(n_jobs):
    assert_same(small(n_jobs=n_jobs), small())


def test_the_callers_backend_is_used():
    seen = set()

    def collect(fit):
        import threading

        seen.add(threading.current_thread().name)
        return {"x": 1.0}

    with joblib.parallel_config("threading", n_jobs=2):
        small(collect=collect)
    assert "MainThread" not in seen


def ends_its_process_once(marker):
    def collect(fit):
        if fit.y[0] > 15 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"first": fit.y[0]}

    return collect


@pytest.mark.slow
def test_a_process_that_ends_is_made_up_for(tmp_path):
    found = small(nsim=30, n_jobs=2, collect=ends_its_process_once(tmp_path / "ended"))
    assert (tmp_path / "ended").exists()
    expected = small(nsim=30, collect=lambda fit: {"first": fit.y[0]})
    assert_same(found, expected)


def test_processes_that_always_end_end_the_study(monkeypatch):
    def never(*_):
        raise BrokenExecutor
        yield

    monkeypatch.setattr(studies, "as_they_come", never)
    with pytest.raises(BrokenExecutor):
        small()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_numbers_though_one_of_its_workers_is_ended(tmp_path):
    from distributed import Client, LocalCluster

    ended = tmp_path / "ended"
    options = {"nsim": 200, "collect": ends_its_process_once(ended)}
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
        ) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
    ):
        pids = {worker.pid for worker in cluster.workers.values()}
        found = small(**options, keep=tmp_path / "study.jsonl")
        now = {worker.pid for worker in cluster.workers.values()}
    assert ended.exists()
    assert len(pids) == 2
    assert len(pids & now) == 1
    assert_same(found, small(nsim=200, collect=lambda fit: {"first": fit.y[0]}))


def test_without_dask_and_without_processes_as_in_a_browser_everything_else_runs(tmp_path):
    code = """
        import sys
        sys.modules["dask"] = sys.modules["distributed"] = sys.modules["_multiprocessing"] = None
        import lmmteach as lt
        data = lt.design(woman=4, day=2)
        for nsim in (3, 5):
            study = lt.study(
                "y ~ 1 + (1 | woman)", data, [14], [1.75, 0.33], nsim=nsim, keep="study.jsonl"
            )
            print(len(study.draws))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.split() == ["3", "5"]


# Results that are kept ----------------------------------------------------------------------------


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_results_are_kept_as_they_come_and_a_larger_study_goes_on_from_them(tmp_path, monkeypatch):
    path = tmp_path / "study.jsonl"
    assert_same(small(nsim=5, keep=path), small(nsim=5))
    assert len(lines(path)) == 1 + 5
    before = path.read_bytes()
    assert_same(small(nsim=12, keep=str(path)), small(nsim=12))
    assert path.read_bytes().startswith(before)
    assert [json.loads(line)["i"] for line in lines(path)[1:]] == list(range(12))
    expected = small(nsim=12)
    monkeypatch.setattr(studies._Replicate, "__call__", None)
    assert_same(small(nsim=12, keep=path), expected)


@pytest.mark.parametrize("in_line", [0, 1, 5, 11])
def test_a_study_that_was_ended_in_the_middle_of_a_line_goes_on(tmp_path, in_line):
    path = tmp_path / "study.jsonl"
    whole = small(keep=path)
    begins = np.cumsum([0, *(len(line) + 1 for line in lines(path))])
    everything = path.read_bytes()
    begin, next_one = begins[in_line : in_line + 2]
    for end in (begin, begin + 1, begin + 15, next_one - 1):
        path.write_bytes(everything[:end])
        assert_same(small(keep=path), whole)
        assert_same(small(keep=path), whole)


def test_a_bar_shows_after_two_seconds_how_far_the_study_is(tmp_path, monkeypatch):
    seen = []

    class Bar:
        def __init__(self, total, initial, delay, leave, disable):
            self.done = initial
            seen.append((total, initial, delay, disable))

        def update(self):
            self.done += 1

        def close(self):
            seen.append(self.done)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    small(nsim=4, keep=tmp_path / "study.jsonl")
    small(nsim=6, keep=tmp_path / "study.jsonl", progress=True)
    assert seen == [(4, 0, 2, True), 4, (6, 4, 2, False), 6]


def test_failures_are_kept_too(tmp_path):
    path = tmp_path / "study.jsonl"
    whole = small(nsim=40, collect=fails_sometimes, keep=path)
    assert_same(small(nsim=40, collect=fails_sometimes, keep=path), whole)
    assert len(lines(path)) == 41


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 16}, "its seed is 15 and not 16"),
        ({"beta": [14, 2]}, "its beta is "),
        ({"theta": [1.75, 0.34]}, "its theta is "),
        ({"data": women(6, 4)}, "its data is different"),
        ({"data": women().assign(treated=[1.0] * 9 + [0.0] * 9)}, "its data is different"),
        ({"df": 4}, "its df is None and not 4"),
        ({"level": 0.9}, "its level is 0.95 and not 0.9"),
        ({"models": {"fit": {"method": "ML"}}}, "its models is "),
        ({"collect": fails_sometimes}, "its collect is different"),
        ({"formula": "y ~ treated + (1 | day)"}, "its formula is "),
    ],
)
def test_the_file_of_a_different_study_is_refused_and_left_alone(tmp_path, changed, words):
    path = tmp_path / "study.jsonl"
    small(nsim=3, keep=path)
    before = path.read_bytes()
    given = {"formula": FORMULA, "data": women(), "beta": BETA, "theta": THETA} | changed
    with pytest.raises(ValueError, match=f"holds the results of a different study: {words}"):
        lt.study(**given, nsim=3, keep=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"woman,estrone\n1,25\n", b'{"a": 1}\n', b"\xff\xfe\x00", b"[1]\n[2]\n", b"x"]
)
def test_a_file_that_is_no_studys_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="something other than the results of a study"):
        small(keep=path)
    assert path.read_bytes() == content


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from test_studies import small
print(small(nsim=300, keep={path!r}, n_jobs={n_jobs}).draws["treated"].sum().hex())
"""


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_study_that_is_killed_and_started_again_gives_the_same_numbers(tmp_path, n_jobs):
    path = tmp_path / "study.jsonl"
    tests = os.path.dirname(__file__)
    code = KILLED.format(tests=tests, path=str(path), n_jobs=n_jobs)
    # A session of its own: who pulls the plug ends the processes that share the work too.
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not path.exists() or len(lines(path)) < 40):
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = len(lines(path))
    assert 40 <= done < 301
    assert_same(small(nsim=300, keep=path), small(nsim=300))
    assert len({json.loads(line)["i"] for line in lines(path)[1:] if line.endswith("}}")}) == 300


# A curve of power ---------------------------------------------------------------------------------


def test_a_power_curve_is_a_study_for_each_size(tmp_path):
    sizes = [(4, 2), (8, 3)]
    table = lt.power_curve(
        FORMULA,
        women,
        sizes,
        BETA,
        THETA,
        "treated",
        nsim=30,
        seed=3,
        per_group=10,
        per_measurement=2,
        df=lambda groups, measurements: groups - 2,
        keep=tmp_path / "power.jsonl",
        progress=False,
    )
    assert table["cost"].tolist() == [4 * 14, 8 * 16]
    for k, (groups, measurements) in enumerate(sizes):
        data = women(groups, measurements)
        alone = lt.study(FORMULA, data, BETA, THETA, nsim=30, seed=3 + k, df=groups - 2)
        power = (alone.draws["p treated"] < 0.05).mean()
        assert table.loc[k, ["groups", "measurements"]].tolist() == [groups, measurements]
        assert table.loc[k, "power"] == power
        assert table.loc[k, "power_error"] == pytest.approx(np.sqrt(power * (1 - power) / 29))
        assert (tmp_path / f"power-{groups}x{measurements}.jsonl").exists()
    assert (table["failures"] == 0).all()


def test_a_power_curve_of_no_coefficient_is_refused():
    with pytest.raises(ValueError, match=r"no coefficient 'dose', only \['\(Intercept\)', 'tr"):
        lt.power_curve(FORMULA, women, [(4, 2)], BETA, THETA, "dose", nsim=2)
