"""Pictures of the Prefect UI for these pages: `python docs/take_screenshots.py`.

Takes the server of `make serve` or of PREFECT_API_URL, on which a run of phase-g/local has
completed, and a Chromium of this machine; needs
`pip install --constraint requirements.lock '.[screenshots]'`.
"""

import json
import shutil
from pathlib import Path
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from deployments.connection import server_url

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COLOURS = 128
SETTLE_MS = 4000


def ask(url: str, path: str, content: dict[str, object] | None = None) -> list[dict[str, str]]:
    """Return what the API answers to a filter, or to a plain question."""
    data = None if content is None else json.dumps(content).encode()
    headers = {"content-type": "application/json"}
    with urlopen(Request(f"{url}{path}", data, headers), timeout=30) as answer:  # noqa: S310
        found = json.load(answer)
    return found if isinstance(found, list) else [found]


def save(page: Page, name: str, height_px: int) -> None:
    """Save a picture of a page in few colours, which keeps it small."""
    page.set_viewport_size({"width": 1280, "height": height_px})
    page.wait_for_timeout(SETTLE_MS)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)


def main() -> None:
    """Take all pictures."""
    url = server_url()
    if url is None:
        raise SystemExit("No server: start one with `make serve`.")
    base = f"{url.removesuffix('/api')}/v2"
    (deployment,) = ask(url, "/deployments/name/phase-g/local")
    completed = {
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
        "deployments": {"id": {"any_": [deployment["id"]]}},
        "sort": "END_TIME_DESC",
        "limit": 1,
    }
    (run,) = ask(url, "/flow_runs/filter", completed)
    of_run = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    artifacts = {one["key"]: one["id"] for one in ask(url, "/artifacts/filter", of_run)}
    with sync_playwright() as playwright:
        executable = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=executable)
        page = browser.new_page()
        page.goto(f"{base}/deployments/deployment/{deployment['id']}/run")
        save(page, "prefect_form", 1500)
        page.goto(f"{base}/runs/flow-run/{run['id']}")
        save(page, "prefect_run", 1000)
        page.get_by_role("tab", name="Artifacts").click()
        save(page, "prefect_artifacts", 800)
        page.goto(f"{base}/artifacts/artifact/{artifacts['phase-g-report']}")
        save(page, "prefect_report", 1400)
        browser.close()


if __name__ == "__main__":
    main()
