"""The page in a browser: no errors, pictures that show something, no sideways scrolling."""

import html
import json
import re
import shutil
import subprocess

import pytest

from tasks.core.study.hub_layout import REPORT_PAGE

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
PHONE_PX = 375

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"no browser on this machine: {BROWSERS}"),
]

# Looks at the page in a frame as wide as a phone, from the page around it.
PROBE = """
window.onload = () => {
  const frame = document.getElementById("phone");
  const page = frame.contentDocument;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colours = (image) => {
    canvas.canvas.width = image.naturalWidth;
    canvas.canvas.height = image.naturalHeight;
    canvas.drawImage(image, 0, 0);
    const data = canvas.getImageData(0, 0, image.naturalWidth, image.naturalHeight).data;
    return new Set(new Uint32Array(data.buffer)).size;
  };
  const images = [...page.images];
  const found = {
    scroll: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    width: frame.clientWidth,
    hidden: images.filter((image) => image.offsetWidth === 0 && !image.closest("details")).length,
    broken: images.filter((image) => !image.complete || !image.naturalWidth).length,
    colours: images.map(colours),
    charts: [...page.querySelectorAll("svg.chart")]
      .filter((chart) => !chart.closest("details"))
      .map((chart) => chart.getBoundingClientRect().height),
  };
  const slider = page.querySelector(".slider");
  found.slider = slider && !slider.hidden;
  if (found.slider) {
    const [right, left] = slider.querySelectorAll(".stage img");
    const range = slider.querySelector("input[type=range]");
    range.value = "80";
    range.dispatchEvent(new Event("input", { bubbles: true }));
    found.clip = left.style.clipPath;
    found.told = range.getAttribute("aria-valuetext");
    const before = right.src;
    slider.querySelector(".right").value = "Baseline";
    slider.querySelector("input[value=phase]").checked = true;
    slider.querySelector(".right").dispatchEvent(new Event("change", { bubbles: true }));
    found.changed = right.src !== before;
    found.shown = right.alt;
  }
  document.getElementById("found").textContent = JSON.stringify(found);
};
"""


def browse(address, folder, *options):
    """Open a page in a browser without a window; return its content, and what it complained of."""
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    words += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=8000", *options]
    done = subprocess.run(
        [*words, "--dump-dom", address], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def looked_at(hub, folder, scripts=True):
    """Return what the probe finds of a hub's page."""
    page = (hub / REPORT_PAGE).read_text(encoding="utf-8")
    # A frame inherits the rules of the page around it; those of the page itself forbid the probe
    # nothing, since it runs outside.
    sandbox = "" if scripts else ' sandbox="allow-same-origin"'
    (folder / "probe.html").write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><pre id="found"></pre><iframe id="phone"{sandbox} '
        f'style="border:0;width:{PHONE_PX}px;height:800px" srcdoc="{html.escape(page)}"></iframe>'
        f"<script>{PROBE}</script>",
        encoding="utf-8",
    )
    content, _ = browse((folder / "probe.html").as_uri(), folder, "--window-size=900,900")
    match = re.search(r'<pre id="found">(\{.*?\})</pre>', content)
    assert match, content[:2000]
    return json.loads(html.unescape(match[1]))


def test_the_browser_has_nothing_to_complain_of(finished_hub, tmp_path):
    content, complaints = browse((finished_hub / REPORT_PAGE).as_uri(), tmp_path)
    assert complaints == []
    assert "tag-left" in content


def test_a_forbidden_script_would_be_noticed(finished_hub, tmp_path):
    path = tmp_path / "report.html"
    page = (finished_hub / REPORT_PAGE).read_text(encoding="utf-8")
    text = page.replace("</body>", "<script>1</script></body>")
    path.write_text(text, encoding="utf-8")
    _, complaints = browse(path.as_uri(), tmp_path)
    assert "Content Security Policy" in "".join(complaints)


def test_on_a_phone_nothing_is_blank_and_nothing_scrolls_sideways(finished_hub, tmp_path):
    found = looked_at(finished_hub, tmp_path)
    assert found["width"] == PHONE_PX
    assert found["scroll"] == 0
    assert found["broken"] == 0
    assert found["hidden"] == 0
    assert min(found["colours"]) > 50
    assert len(found["colours"]) == 18 + 4 + 2
    assert min(found["charts"]) > 80


def test_the_slider_compares_any_two_images(finished_hub, tmp_path):
    found = looked_at(finished_hub, tmp_path)
    assert found["slider"]
    assert found["clip"].startswith("inset(0")
    assert "20%" in found["clip"]
    assert found["told"] == "80 % Truth, the rest PtychoPINN"
    assert found["changed"]
    assert found["shown"] == "Phase, Baseline"


def test_without_scripts_the_images_stand_side_by_side(finished_hub, tmp_path):
    found = looked_at(finished_hub, tmp_path, scripts=False)
    assert not found["slider"]
    assert len(found["colours"]) == 18 + 4
    assert min(found["colours"]) > 50
    assert found["hidden"] == 0
    assert found["scroll"] == 0
