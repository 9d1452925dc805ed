"""Speed, as ratios measured side by side in one run: a fit, and the import of the package."""

import statistics
import subprocess
import sys
import time
import warnings

import statsmodels.formula.api as smf

import lmmteach as lt

ROUNDS = 31


def seconds(function):
    """Time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def import_seconds():
    """Time that a fresh Python, with numpy, scipy and pandas there, needs for the package."""
    code = (
        "import time, numpy, scipy, pandas; start = time.perf_counter(); import lmmteach; "
        "print(time.perf_counter() - start)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(run.stdout)


def main():
    """Print both figures; the calls alternate, so that both see the same machine."""
    estrone = lt.load_data("estrone")
    model = smf.mixedlm("logestrone ~ 1", estrone, groups=estrone["woman"])

    def ours():
        return lt.lmm("logestrone ~ 1 + (1 | woman)", estrone)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours(), model.fit()
        pairs = [(seconds(ours), seconds(model.fit)) for _ in range(ROUNDS)]
    lmm, mixedlm = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"estrone: lmm, whole call {1e3 * lmm:.1f} ms; statsmodels MixedLM.fit alone "
        f"{1e3 * mixedlm:.1f} ms; ratio {lmm / mixedlm:.2f}"
    )

    extra = statistics.median(import_seconds() for _ in range(7))
    print(f"import lmmteach: {extra:.3f} s more than numpy, scipy and pandas")


if __name__ == "__main__":
    main()
