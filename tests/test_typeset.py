"""Symbols with subscripts: typeset on a page, plain in text, in words for who listens."""

import html

import pytest

from lmmteach._typeset import as_html, as_plain, as_spoken, as_svg

SYMBOLS = [
    ("σ_b²", "σ<sub>b</sub>²", "σb²", "sigma b squared"),
    ("σ_ε²", "σ<sub>ε</sub>²", "σε²", "sigma epsilon squared"),
    ("σ̂_b²", "σ̂<sub>b</sub>²", "σ̂b²", "sigma hat b squared"),
    ("σ²_b", "σ²<sub>b</sub>", "σ²b", "sigma squared b"),
    ("ℓ_K", "ℓ<sub>K</sub>", "ℓK", "ell K"),
    ("ℓ_p(x)", "ℓ<sub>p</sub>(x)", "ℓₚ(x)", "ell p(x)"),
    ("β̂_θ", "β̂<sub>θ</sub>", "β̂θ", "beta hat theta"),
    ("χ²_1", "χ²<sub>1</sub>", "χ²₁", "chi squared 1"),
    ("χ²_{n−p}", "χ²<sub>n−p</sub>", "χ²(n−p)", "chi squared n−p"),
    ("n_i", "n<sub>i</sub>", "nᵢ", "n i"),
    ("r̄_i", "r̄<sub>i</sub>", "r̄ᵢ", "r bar i"),
    ("ȳ_ij", "ȳ<sub>ij</sub>", "ȳᵢⱼ", "y bar ij"),
    ("V_ε", "V<sub>ε</sub>", "Vε", "V epsilon"),
    ("16σ_b²/σ_ε²", "16σ<sub>b</sub>²/σ<sub>ε</sub>²", "16σb²/σε²", None),
    ("n_iσ_b²", "n<sub>i</sub>σ<sub>b</sub>²", "nᵢσb²", "n i sigma b squared"),
]
VERBATIM = [
    "sigma2_b", "log_sigma2_e", "V_theta", "V_theta((1, 2), Z)", "theta_0", "x_bar", "K_of",
    "`n_i`", "`σ_b²`", "$y_i$", "$\\sigma_b^2$", "name 'n_i' is not defined", "__init__", "a_b_c",
]  # fmt: skip


@pytest.mark.parametrize(("written", "typeset", "plain", "spoken"), SYMBOLS)
def test_a_symbol_is_typeset_plain_or_spoken(written, typeset, plain, spoken):
    assert as_html(written) == typeset
    assert as_plain(written) == plain
    assert spoken is None or as_spoken(written) == spoken
    for text in ("({}).", "of {}, and {}", "{} − {} = 0.5"):
        assert as_html(text.replace("{}", written)) == text.replace("{}", typeset)
        assert as_plain(text.replace("{}", written)) == text.replace("{}", plain)


@pytest.mark.parametrize("text", VERBATIM)
def test_a_name_or_code_keeps_its_underscores(text):
    assert html.unescape(as_html(text)) == text
    assert as_plain(text) == text


def test_what_is_markup_in_a_text_is_shown_as_it_stands():
    assert as_html("<b>σ_b²</b> & y_{<i>}") == (
        "&lt;b&gt;σ<sub>b</sub>²&lt;/b&gt; &amp; y<sub>&lt;i&gt;</sub>"
    )
    assert as_html("</script>`</script>`") == "&lt;/script&gt;`&lt;/script&gt;`"


def test_a_subscript_in_a_picture_goes_down_and_what_follows_comes_back():
    assert as_svg("ℓ_R &gt; ℓ_K") == (
        'ℓ<tspan dy="0.3em" font-size="70%">R</tspan><tspan dy="-0.21em"> &gt; </tspan>'
        'ℓ<tspan dy="0.3em" font-size="70%">K</tspan>'
    )
    assert as_svg("no symbol") == "no symbol"


def test_words_have_one_space_between_them():
    assert (
        as_spoken("σ_b² 1.75: λ 0.5; Kᵀy.") == "sigma b squared 1.75: lambda 0.5; K transposed y."
    )
