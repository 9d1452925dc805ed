"""The code that the chapters show is the code that runs."""

import builtins
import dis
import inspect
import re

import pytest
import register

import lmmteach as lt

SHOWN = re.compile(r"show_source\((.*?)\)")


def test_the_shown_code_runs_and_is_the_function_itself():
    shown = repr(lt.show_source(lt.profile.profile_loglik))
    body = inspect.getsource(lt.profile.profile_loglik).rpartition('"""')[2]
    assert shown.endswith(body.rstrip())
    compile(shown, "shown", "exec")


def test_the_docstring_is_cut_to_its_first_line():
    lines = repr(lt.show_source(lt.model.V_matrix)).splitlines()
    assert lines[0] == "def V_matrix(Z, D, Sigma):"
    assert lines[1].strip().startswith('"""')
    assert lines[1].endswith('"""')
    assert "Parameters" not in "\n".join(lines)


def test_a_notebook_gets_it_as_highlighted_code():
    source = lt.show_source(lt.profile.gls)
    assert source._repr_markdown_() == f"```python\n{source.code}\n```"


def test_a_function_is_shown_with_the_helper_that_holds_its_formula():
    shown = repr(lt.show_source(lt.likelihood.score, helpers=True))
    each = [lt.likelihood.score, lt.likelihood._score_in_theta]
    assert shown == "\n\n\n".join(repr(lt.show_source(function)) for function in each)
    compile(shown, "shown", "exec")


def test_a_helper_that_only_checks_the_input_goes_with_its_line():
    shown = repr(lt.show_source(lt.diagnostics.influence_by_group, helpers=True))
    assert "_require_groups" not in shown
    assert "def _fit_without(" in shown
    compile(shown, "shown", "exec")


def test_what_is_no_helper_of_the_module_is_not_shown():
    # shaped() is of another room, and profile_loglik is shown elsewhere.
    alone = repr(lt.show_source(lt.profile.profile_loglik, helpers=True))
    assert alone == repr(lt.show_source(lt.profile.profile_loglik))


def test_a_formula_is_shown_without_the_lines_that_only_check_its_input():
    assert repr(lt.show_source(lt.model.V_matrix)).splitlines()[2:] == [
        "    return Sigma + Z @ D @ Z.T"
    ]
    # A name that was read by a check alone goes with it, and so does the comment above a check.
    alone = repr(lt.show_source(lt.reml.contrast_loglik))
    assert not re.search("rank|raise", alone)
    assert "loglik(" in alone
    # Whatever unpacks the input under the lecture's names is part of the formula.
    assert "sigma2_b, sigma2_e = variances(theta)" in repr(lt.show_source(lt.model.V_theta))
    # Entries are filled in by statements that store no name.
    assert "result[:p, :p] = X.T @ V_inverse @ X" in repr(lt.show_source(lt.likelihood.information))


@pytest.mark.parametrize("name", register.functions())
def test_what_is_shown_computes_the_same_without_its_checks(name):
    """Every name that a shown line reads is one that a shown line, or the module, has set."""
    function = register.functions()[name]
    namespace = dict(function.__globals__)
    exec(repr(lt.show_source(function)), namespace)
    shown = namespace[function.__name__]
    assert inspect.signature(shown) == inspect.signature(function)
    loaded = {i.argval for i in dis.get_instructions(shown) if i.opname == "LOAD_GLOBAL"}
    assert loaded <= set(namespace) | set(dir(builtins))


def test_the_checks_are_shown_on_request():
    whole = repr(lt.show_source(lt.profile.gls, checks=True))
    assert 'V, y, X = shaped("V: n n, y: n, X: n p", V, y, X)' in whole
    assert "shaped" not in repr(lt.show_source(lt.profile.gls))


def test_only_functions_have_a_source_to_show():
    with pytest.raises(TypeError, match="wants a function"):
        lt.show_source(3)


def test_the_shown_lines_fit_the_column_of_the_book():
    with_helpers = set()
    for text in register.pages().values():
        with_helpers |= {shown.partition(",")[0] for shown in SHOWN.findall(text) if "," in shown}
    assert with_helpers
    for name, function in register.functions().items():
        shown = repr(lt.show_source(function, helpers=name in with_helpers))
        assert max(map(len, shown.splitlines())) <= 92, name
