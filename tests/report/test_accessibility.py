"""The page in headless Chromium: axe-core finds nothing, nothing overflows, and it stays small.

axe.min.js is axe-core 4.14.1, unchanged, under the Mozilla Public License 2.0 (axe.LICENSE.txt); its source is at
github.com/dequelabs/axe-core.
"""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from callnexus.report.page import fairness_page

AXE = Path(__file__).with_name("axe.min.js")
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
PHONE, WIDE = 360, 1280

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason=f"no Chromium here (looked for {', '.join(NAMES)}): accessibility is not tested"
)

# The answer leaves by the title, which one frame can give to another as a message.
SCRIPT = """
const options = {resultTypes: ["violations"], runOnly: [
  "wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
options.rules = {"color-contrast-enhanced": {enabled: false}};
for (const folded of document.querySelectorAll("details")) folded.open = OPEN;
const wide = document.documentElement;
axe.run(document, options).then(found => parent.postMessage(JSON.stringify({
  violations: found.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200),
    v.nodes[0].failureSummary]),
  passes: found.passes.length,
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  width: innerWidth,
  overflow: wide.scrollWidth - wide.clientWidth,
}), "*")).catch(error => parent.postMessage(JSON.stringify({error: String(error)}), "*"));
"""
LISTENER = """
addEventListener("message", event => {
  document.body.innerHTML = "<pre>FOUND</pre>";
  document.querySelector("pre").textContent = "FOUND" + event.data + "END";
});
"""


def examined(page: str, folder: Path, *, width: int, dark: bool = False, folded: bool = False) -> dict[str, object]:
    """Return what axe-core and the browser say of a page, shown in a frame of this width."""
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    # Only this copy may run a script.
    relaxed, found = policy.subn("", page)
    script = SCRIPT.replace("OPEN", "false" if folded else "true")
    tools = f"<script>{AXE.read_text(encoding='utf-8')}</script><script>{script}</script></body>"
    (folder / "page.html").write_text(relaxed.replace("</body>", tools), encoding="utf-8")
    frame = f'<iframe src="page.html" title="page" style="width: {width}px; height: 800px; border: 0"></iframe>'
    outer = f'<!DOCTYPE html><html lang="en"><body style="margin: 0"><script>{LISTENER}</script>{frame}</body></html>'
    (folder / "outer.html").write_text(outer, encoding="utf-8")
    command = [
        *(str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
        *(f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000", "--virtual-time-budget=120000"),
        *(f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--dump-dom", (folder / "outer.html").as_uri()),
    ]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
    told = re.search(r"FOUND(\{.*\})END", ran.stdout, re.DOTALL)
    assert found == 1
    assert told, f"Chromium gave no answer (exit code {ran.returncode}): {ran.stderr[-2000:]}"
    return dict(json.loads(html.unescape(told[1])))


@pytest.fixture(scope="module")
def page(rich):
    return fairness_page(rich)


def test_chromium_is_there_where_it_is_required():
    assert CHROMIUM or not os.environ.get("CI_REQUIRE_CHROMIUM"), "CI_REQUIRE_CHROMIUM is set, and there is no Chromium"


@needs_chromium
@pytest.mark.parametrize(
    ("width", "dark", "folded"),
    [(WIDE, False, False), (WIDE, True, False), (PHONE, False, False), (PHONE, True, True)],
    ids=["light", "dark", "phone", "dark phone, folded"],
)
def test_axe_finds_no_violation_and_nothing_overflows(page, tmp_path, width, dark, folded):
    found = examined(page, tmp_path, width=width, dark=dark, folded=folded)

    assert (found["width"], found["dark"]) == (width, dark)
    assert found["violations"] == []
    assert found["passes"] > 20
    assert found["overflow"] <= 0


@needs_chromium
def test_axe_sees_what_is_wrong_with_a_page(page, tmp_path):
    broken = page.replace("</main>", '<img src="data:,"><p style="color: #ccc; width: 3000px">pale</p></main>')

    found = examined(broken, tmp_path, width=PHONE)

    assert {"image-alt", "color-contrast"} <= {violation[0] for violation in found["violations"]}
    assert found["overflow"] > 0


@needs_chromium
def test_names_from_data_stay_text_in_a_browser(malicious, tmp_path):
    found = examined(fairness_page(malicious), tmp_path, width=PHONE)

    assert found["violations"] == []
    assert found["overflow"] <= 0


def test_rich_page_is_under_a_megabyte(page):
    assert len(page.encode()) < 1_000_000
