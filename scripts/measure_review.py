"""Make a results folder of many studies from one real one, and time the desk on it.

    python scripts/measure_review.py RESULTS WORK [--studies 5000] [--browser /usr/bin/chromium]

RESULTS is the --out folder of a run with at least one study. WORK takes the copies (text copied,
images linked) and the store. Prints the seconds that the index, the first page of the worklist,
filters, a study's images and a rescored edit take over loopback; with a browser also those until
somebody sees the worklist and the first slice of a study, and what came over the network for it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.sync_api import Response, sync_playwright

from presight.review.accounts import Role, add_account
from presight.review.api import Desk, make_app
from presight.review.store import open_store
from presight.review.worklist import refresh

PORT = 8199
PASSWORD = "only for this measurement"  # noqa: S105
BROWSER = ("--no-sandbox", "--disable-background-networking", "--use-gl=angle",
           "--use-angle=swiftshader", "--enable-unsafe-swiftshader")  # fmt: skip
LABELS = ("pres", "toxic_leukoencephalopathy", "other", "no_finding")


def copies(results: Path, out: Path, number: int) -> None:
    """Copy the first study as it is, then under other names with other probabilities."""
    assessment = next(results.glob("sub-*/**/anat/*_desc-presight_assessment.json"))
    stem = assessment.name.removesuffix("_desc-presight_assessment.json")
    answer, rng = json.loads(assessment.read_text()), random.Random(1)  # noqa: S311
    for i in range(number):
        folder = out / f"sub-case{i:05d}" / "anat"
        folder.mkdir(parents=True, exist_ok=True)
        for path in assessment.parent.glob(f"{stem}_*"):
            copy = folder / path.name.replace(stem, f"sub-case{i:05d}")
            if path == assessment:
                copy.write_text(json.dumps(_varied(answer, rng) if i else answer))
            elif not copy.exists():
                os.link(path, copy)


def _varied(answer: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    odds = [rng.gammavariate(0.6, 1) for _ in LABELS]
    shares = {label: odd / sum(odds) for label, odd in zip(LABELS, odds, strict=True)}
    label = max(shares, key=lambda name: shares[name])
    said = {"text": "A copy for a measurement", "because": "invented", "source": []}
    verdict = {**answer["classification"], "probabilities": shares, "label": label}
    return {**answer, "classification": verdict, "alerts": [said] * rng.choice([0, 0, 0, 1, 2])}


def seconds(act: Callable[[], Any], times: int = 7) -> str:
    """Median and largest of several timings, the first among them."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    middle = statistics.median(taken)
    return f"first {taken[0]:.3f} s, median {middle:.3f} s, most {max(taken):.3f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--studies", type=int, default=5000)
    parser.add_argument("--browser", type=Path, metavar="PROGRAM", help="Chromium")
    args = parser.parse_args()
    out = args.work.resolve() / "results"
    copies(args.results, out, args.studies)
    store = open_store(f"sqlite:///{args.work.resolve() / 'review.sqlite'}")
    begun = time.perf_counter()
    print(f"index of {refresh(store, out)} studies: {time.perf_counter() - begun:.1f} s")
    print(f"index again, nothing new: {seconds(lambda: refresh(store, out), 1)}")
    with store.write() as db:
        add_account(db, "measurement", "measurement", Role.ADMIN, PASSWORD)
    config = uvicorn.Config(make_app(Desk(store, out)), port=PORT, log_level="warning")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    _time_requests()
    if args.browser:
        _time_browser(args.browser)
    server.should_exit = True


def _time_requests() -> None:
    client = httpx.Client(base_url=f"http://127.0.0.1:{PORT}/api/", timeout=600)
    me = client.post("login", json={"name": "measurement", "password": PASSWORD}).json()
    client.headers["X-CSRF-Token"] = me["csrf"]
    page = client.post("worklist", json={}).raise_for_status().json()
    study = f"studies/{page['rows'][0]['id']}"
    for name, body in (
        ("first page", {}),
        ("last page", {"offset": page["total"] - 100}),
        ("filter and search", {"label": "pres", "find": "9", "order": "uncertainty"}),
    ):
        print(f"{name}: {seconds(lambda body=body: client.post('worklist', json=body))}")
    print(f"study: {seconds(lambda: client.get(study))}")
    print(f"FLAIR: {seconds(lambda: client.get(f'{study}/images/flair.nii.gz'))}")
    print(f"proof: {seconds(lambda: client.get('record/proof'))}")
    _time_edit(client)


def _time_edit(client: httpx.Client) -> None:
    """Time an outline with one voxel less, sent and scored anew, on the study that is as it was."""
    (row,) = client.post("worklist", json={"find": "case00000"}).json()["rows"]
    study = f"studies/{row['id']}"
    own = gzip.decompress(client.get(f"{study}/images/mask.nii.gz").content)
    inside = own.index(1, 352)  # behind the header
    edited = gzip.compress(own[:inside] + bytes(1) + own[inside + 1 :], 1)

    def rescore() -> None:
        client.put(f"{study}/draft", content=edited).raise_for_status()
        client.post(f"{study}/rescore", json={"draft": True}).raise_for_status()

    print(f"edit sent and scored anew: {seconds(rescore, 3)}")


def _time_browser(program: Path) -> None:
    """Time what somebody waits for in front of the page, drawn without a GPU."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=BROWSER)
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(300_000)
        came: list[Response] = []
        # Playwright marks the function it is given, which no method of a list lets it.
        page.on("response", lambda response: came.append(response))  # noqa: PLW0108
        page.goto(f"http://127.0.0.1:{PORT}/")
        page.get_by_label("Name").fill("measurement")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.locator(".rows .row").first.wait_for()
        page.wait_for_load_state("networkidle")
        _report("page and worklist", came)
        begun = time.perf_counter()
        page.reload(wait_until="commit")
        page.locator(".rows .row").first.wait_for()
        print(f"worklist seen: {time.perf_counter() - begun:.3f} s after the page was asked for")
        page.wait_for_load_state("networkidle")
        for which in ("first study", "second study", "third study"):
            came.clear()
            begun = time.perf_counter()
            page.keyboard.press("Enter")
            page.locator(".canvases[data-shown]").wait_for()
            print(f"{which}, first slice: {time.perf_counter() - begun:.3f} s")
            page.locator(".canvases[data-shown=all]").wait_for()
            print(f"{which}, with outline: {time.perf_counter() - begun:.3f} s")
            page.wait_for_load_state("networkidle")
            _report(which, came)
            page.keyboard.press("Escape")
            page.locator(".rows .row").first.wait_for()
            page.keyboard.press("ArrowDown")
        chromium.close()


def _report(what: str, came: list[Response]) -> None:
    sizes = [each.request.sizes()["responseBodySize"] for each in came]
    print(f"{what}: {len(sizes)} requests, {sum(sizes) / 1e6:.2f} MB over the network")


if __name__ == "__main__":
    main()
