"""What a student does first, so that the site has all of it compiled: tools/lighter_site.py."""

import importlib
import pkgutil

from IPython.core.interactiveshell import InteractiveShell

import lmmteach

BESIDES = ("anywidget", "ipywidgets", "joblib", "scipy.optimize", "scipy.stats")
CELL = """
import lmmteach as lt
import matplotlib.pyplot as plt
import numpy as np

fit = lt.lmm("logestrone ~ 1 + (1 | woman)", lt.load_data("estrone"))
print(fit.summary())
fit.profile_interval()
plt.plot([1, 2])
plt.gcf().canvas.print_png("first.png")
plt.gcf().savefig("first.svg")
1 / 0
"""

modules = [module.name for module in pkgutil.walk_packages(lmmteach.__path__, "lmmteach.")]
# What teachers call is not for a browser.
students = [name for name in modules if ".teaching" not in name and "__main__" not in name]
for name in (*BESIDES, *students):
    importlib.import_module(name)
shell = InteractiveShell.instance()
shell.run_cell(CELL)
shell.complete("np.linalg.so")
