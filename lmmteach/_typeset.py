"""Symbols with a subscript, written ``σ_b²`` in the source, as a reader sees or hears them.

A symbol is one letter, perhaps with an accent and a power, before an underscore: ``β̂_θ``,
``χ²_1``, ``n_i``, ``y_{ij}``. A name such as ``sigma2_b`` is none, nor is what stands in
backticks, between dollars or after an apostrophe.
"""

import html
import re

ACCENT = "[\u0300-\u036f]"
INDEX = r"\d+|[α-ω][A-Za-z]?|\{[^{}]+\}"
# A Latin letter is a symbol only where it stands alone; x_bar and V_theta are names.
LATIN = rf"(?<![^\W\d])[A-Za-zÀ-ɏ]{ACCENT}*[²³]?_(?:[A-Za-z]|[i-n]{{2}}|{INDEX})"
OTHER = rf"[^\W\d_A-Za-zÀ-ɏ]{ACCENT}*[²³]?_(?:[A-Za-z]+|{INDEX})"
SYMBOL = re.compile(rf"(?<!['_])(?:{LATIN}|{OTHER})(?![A-Za-z0-9_])")
VERBATIM = re.compile(r"(`[^`\n]+`|\$[^$]+\$)")

LOW = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
SPOKEN = {
    "α": "alpha", "β": "beta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu",
    "ν": "nu", "ρ": "rho", "σ": "sigma", "χ": "chi", "Σ": "Sigma", "ℓ": "ell", "𝒟": "D",
    "ȳ": "y bar", "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar",
    "²": "squared", "³": "cubed", "ᵀ": "transposed", "⁻¹": "inverse",
}  # fmt: skip
SIGN = re.compile("|".join(SPOKEN))


def as_html(text):
    """Plain text as HTML: subscripts typeset, all else escaped; backticks and dollars stay."""

    def lowered(base, index):
        return f"{base}<sub>{html.escape(index)}</sub>"

    return _outside_code(text, lambda part: _written(part, lowered, html.escape), html.escape)


def as_plain(text):
    """Plain text without underscores in symbols: ``nᵢ``, and ``σb²`` where there is no small b."""
    return _outside_code(text, lambda part: _written(part, _small), str)


def as_spoken(text):
    """What a screen reader shall say: ``sigma b squared``."""
    apart = _written(text, lambda base, index: f"{base}\0{index}")
    words = SIGN.sub(lambda sign: f"\0{SPOKEN[sign[0]]}\0", apart)
    return re.sub(r"(?<=\w)\0+(?=\w)", " ", words).replace("\0", "")


def as_svg(text):
    """The inside of an SVG text element, escaped already, with its subscripts typeset."""
    first, *rest = SYMBOL.split(text)
    for symbol, after in zip(SYMBOL.findall(text), rest, strict=True):
        base, index = _halves(symbol)
        # An em is that of the element itself: 0.3 of the small letter's, 0.21 of the others'.
        first += f'{base}<tspan dy="0.3em" font-size="70%">{index}</tspan>'
        first += f'<tspan dy="-0.21em">{after}</tspan>' if after else ""
    return first


def _outside_code(text, change, keep):
    """Change what stands outside backticks and dollars, and keep what stands inside."""
    parts = VERBATIM.split(text)
    return "".join((keep if k % 2 else change)(part) for k, part in enumerate(parts))


def _written(text, write, between=str):
    """Each symbol written by a function of its base and its subscript; what is between, too."""
    symbols = [write(*_halves(symbol)) for symbol in SYMBOL.findall(text)]
    first, *rest = map(between, SYMBOL.split(text))
    return first + "".join(symbol + after for symbol, after in zip(symbols, rest, strict=True))


def _halves(symbol):
    base, _, index = symbol.partition("_")
    return base, index.strip("{}")


def _small(base, index):
    if not index.isalnum():
        return f"{base}({index})"
    small = index.translate(LOW)
    return base + (index if set(small) & set(index) else small)
