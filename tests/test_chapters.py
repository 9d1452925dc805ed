"""The numbers that the chapters print, held against R's or against another way to compute them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
R = json.loads((ROOT / "tests" / "oracle" / "estrone.json").read_text(encoding="utf-8"))
SIGMA2_B, SIGMA2_E = R["reml"]["varcomp"]["vcov"]
SE = R["reml"]["se_beta"][0]
Y = np.array(R["reml"]["fitted"]) + np.array(R["reml"]["resid"])
BY_WOMAN = Y.reshape(5, 16)


def printed(chapter):
    """All that a chapter prints, as one text."""
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    outputs = [o for c in notebook["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    return "\n".join("".join(output.get("text", [])) for output in outputs)


def se_of_the_mean(women, times, sigma2_b=SIGMA2_B):
    return np.sqrt(sigma2_b / women + SIGMA2_E / (women * times))


MODEL = {
    r"standard deviation of the five means: (.+)": BY_WOMAN.mean(axis=1).std(ddof=1),
    r"standard deviations within a woman: (.+) to": BY_WOMAN.std(axis=1, ddof=1).min(),
    r"within a woman: .+ to (.+)": BY_WOMAN.std(axis=1, ddof=1).max(),
    r"standard error s/√n = (.+)": Y.std(ddof=1) / np.sqrt(80),
    r"ratio of the two standard errors: (.+)": SE / (Y.std(ddof=1) / np.sqrt(80)),
    r"one SD between women (.+?),": R["reml"]["varcomp"]["sdcor"][0],
    r"one SD between women .+ within a woman (.+)": R["reml"]["sigma"],
    r"same measurement (.+?),": SIGMA2_B + SIGMA2_E,
    r"same woman (.+?),": SIGMA2_B,
    r"from the formula (.+)": SIGMA2_B / (SIGMA2_B + SIGMA2_E),
    r"from V  +(.+)": SIGMA2_B / (SIGMA2_B + SIGMA2_E),
    r"from all of V: +(.+)": SE,
    r"from its diagonal only: +(.+)": np.sqrt((SIGMA2_B + SIGMA2_E) / 80),
    r"in the printout: +(.+)": SE,
    r" 5 women,   16 measurements of each: SE (.+)": SE,
    r" 5 women,   32 measurements of each: SE (.+)": se_of_the_mean(5, 32),
    r" 5 women, 1000 measurements of each: SE (.+)": se_of_the_mean(5, 1000),
    r"10 women,   16 measurements of each: SE (.+)": se_of_the_mean(10, 16),
    r"sigma2_b = 0\.1749: correlation .+, SE (.+)": se_of_the_mean(5, 16, SIGMA2_B / 10),
    r"sigma2_b = 0\.0000: correlation .+, SE (.+)": se_of_the_mean(5, 16, 0),
    r"span of the means in the data: (.+)": np.ptp(BY_WOMAN.mean(axis=1)),
}
PRINTOUT = {
    r"REML criterion: (.+)": R["reml"]["criterion"],
    r"woman +variance (.+?),": SIGMA2_B,
    r"Residual +variance (.+?),": SIGMA2_E,
    r"Residual +variance .+ deviation (.+)": R["reml"]["sigma"],
    r"estimate (.+?),": R["reml"]["beta"][0],
    r"standard error (.+?), t": SE,
    r"t value ([\d.]+)$": R["reml"]["t"][0],
    r"woman 4: b = (.+?),": R["reml"]["ranef"]["woman"]["values"][3][0],
    r"woman 4: .+ level (.+)": R["reml"]["beta"][0] + R["reml"]["ranef"]["woman"]["values"][3][0],
}
CASES = [("01-model", *item) for item in MODEL.items()]
CASES += [("printout", *item) for item in PRINTOUT.items()]


@pytest.mark.parametrize(("chapter", "pattern", "expected"), CASES)
def test_a_printed_number_is_right_to_its_last_digit(chapter, pattern, expected):
    text = re.search(pattern, printed(chapter), re.MULTILINE)[1]
    decimals = len(text.partition(".")[2])
    assert float(text) == pytest.approx(expected, abs=0.5001 * 10**-decimals)


def test_simulated_spans_are_those_of_five_normal_means():
    low, high = map(float, re.search(r"studies: (.+) to (.+)", printed("01-model")).groups())
    means = np.random.default_rng(0).normal(scale=SE * np.sqrt(5), size=(100_000, 5))
    expected = np.quantile(np.ptp(means, axis=1), [0.05, 0.95])
    # A quantile of 200 draws is uncertain by about 0.12 (low) and 0.25 (high); three times that.
    assert low == pytest.approx(expected[0], abs=0.36)
    assert high == pytest.approx(expected[1], abs=0.75)
