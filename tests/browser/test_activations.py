"""The Activations page in a real browser."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenApp

WIDE_FORMULAS = ("SELU", "SiLU", "Hardswish", "Hardsigmoid")
CUT = """() => [...document.querySelectorAll('.katex-display')].filter(formula => {
  const card = formula.closest('.st-key-cards > *').getBoundingClientRect()
  const drawn = formula.querySelector('.katex-html').getBoundingClientRect()
  return formula.scrollWidth > formula.clientWidth || drawn.right > card.right || drawn.left < card.left
}).map(formula => formula.textContent)"""


def test_no_formula_is_cut_off(open_app: OpenApp) -> None:
    page = open_app("activations")
    expect(page.locator(".katex-display")).to_have_count(6)
    for name in WIDE_FORMULAS:
        page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".katex-display")).to_have_count(6 + 2 * len(WIDE_FORMULAS))
    expect(page.get_by_text("The vanishing gradient")).to_be_visible()
    for width in (1440, 1150, 900, 600, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => innerWidth === width", arg=width)
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        expect(page.locator(".katex-display")).to_have_count(6 + 2 * len(WIDE_FORMULAS))
        assert page.evaluate(CUT) == [], f"{width} pixels wide"


def test_curves_have_the_colours_of_the_theme(open_app: OpenApp) -> None:
    """With fewer than ten colours in the theme, plotly drew in its own, dark blue on nearly black."""
    page = open_app("activations")
    for scheme, first, second in (("light", "rgb(0, 114, 178)", "#D55E00"), ("dark", "rgb(86, 180, 233)", "#E69F00")):
        page.emulate_media(color_scheme=scheme)
        page.reload()
        line = page.locator(".scatterlayer .js-line").first
        expect(line).to_be_attached()
        expect(line).to_have_css("stroke", first)
        page.get_by_role("button", name="Sigmoid", exact=True).click()
        expect(page.locator(".legend").first.get_by_text("Sigmoid")).to_have_count(0)
        names = "plot => plot._fullData.filter(line => line.x[0] !== null).map(line => [line.name, line.line.color])"
        drawn = dict(page.locator(".js-plotly-plot").first.evaluate(names))
        assert drawn["Tanh"] == second  # what it had beside the sigmoid
        assert drawn["Tanh, tangent"] == drawn["Tanh"]
