"""Open the site in a headless browser, from the disk: ``python -m tests.site_in_browser site``.

Every page of it must open without a word on the console and without a request that leaves its
folder, all mathematics must be set and all images be there; the search must find. Of some pages
screenshots are kept in ``screenshots/``, light, dark and on a phone. Needs what
``report_in_browser.py`` needs.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.report_in_browser import SCREENSHOTS, SECONDS, SIZE, SIZES, browser, install, resize

SHOWN = {  # page: what part of its top
    "index": 1600,
    "laws": 2400,
    "notation": 2400,
    "references": 1200,
    "claims": 1200,
    "api/index": 1600,
    "api/rmt_hessian.LayerHessian": 2000,
    "gallery/index": 1000,
    "gallery/plot_block_spectrum": 1600,
}
QUERY, FOUND = "marchenko", "laws.html"
UNSET = """
const sets = [...document.querySelectorAll("article .math")]
return sets.filter(m => !m.querySelector("mjx-container")).map(m => m.textContent.slice(0, 60))
"""
WRONG = """
const bad = document.querySelectorAll("mjx-merror, [data-mjx-error]")
return [...bad].map(m => m.getAttribute("data-mjx-error") || m.textContent)
"""
MISSING = """
return [...document.images].filter(i => !(i.complete && i.naturalWidth > 50)).map(i => i.src)
"""
# mathematics that was not taken for any: dollars in the prose
DOLLARS = """
const page = document.querySelector("article").cloneNode(true)
page.querySelectorAll("pre, code, .math").forEach(e => e.remove())
return page.textContent.split("\\n").filter(line => line.includes("$"))
"""


def requests(driver):
    """The addresses that were asked for since they were last read."""
    messages = (json.loads(entry["message"]) for entry in driver.get_log("performance"))
    events = [m["message"] for m in messages]
    sent = [e for e in events if e["method"] == "Network.requestWillBeSent"]
    urls = [event["params"]["request"]["url"] for event in sent]
    return [url for url in urls if not url.startswith("chrome:")]  # of its own first page


def faults_of_page(driver, path, folder):
    """Yield what is wrong with a page, a line each."""
    driver.get(path.as_uri())
    try:
        WebDriverWait(driver, SECONDS, 0.05).until(lambda d: not d.execute_script(UNSET))
    except Exception:
        yield f"formulas that are not set: {driver.execute_script(UNSET)[:3]}"
    driver.execute_script("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
    try:
        WebDriverWait(driver, SECONDS, 0.05).until(lambda d: not d.execute_script(MISSING))
    except Exception:
        yield f"images that are not there: {driver.execute_script(MISSING)}"
    yield from (f"formula: {wrong}" for wrong in driver.execute_script(WRONG))
    yield from (f"a dollar in the prose: {line.strip()}" for line in driver.execute_script(DOLLARS))
    yield from said_and_asked(driver, folder)


def said_and_asked(driver, folder):
    """Yield what a page said on the console, and what it asked for that is not of the site."""
    for entry in driver.get_log("browser"):
        yield f"console: {entry['level']}: {entry['message']}"
    for url in requests(driver):
        if not url.startswith((folder.as_uri(), "data:", "blob:")):
            yield f"asks for {url}"


def faults_of_search(driver, folder):
    """Yield what is wrong with the search, which has its index in a script: no server is needed."""
    driver.get(f"{(folder / 'search.html').as_uri()}?q={QUERY}")
    hit = f"#search-results li a[href^='{FOUND}']"
    try:  # results come one after another
        WebDriverWait(driver, SECONDS).until(lambda d: d.find_elements(By.CSS_SELECTOR, hit))
    except Exception:
        yield f"the search for {QUERY} does not find {FOUND}"
    yield from said_and_asked(driver, folder)


def show(driver, name, height):
    """Keep screenshots of the top of a page; yield where it is wider than the screen."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for screen, (width, _, mobile) in SIZES.items():
        resize(driver, width, height, mobile)
        for theme in ("light", "dark") if screen == "desktop" else ("light",):
            driver.execute_script("document.body.dataset.theme = arguments[0]", theme)
            driver.execute_async_script("setTimeout(arguments[0], 300)")
            file = f"site-{name.replace('/', '-')}-{screen}-{theme}.png"
            driver.save_screenshot(SCREENSHOTS / file)
        across, _ = driver.execute_script(SIZE)
        if across > width:
            yield f"{screen}: the page is {across} pixels wide, the screen {width}"
    driver.execute_script("document.body.dataset.theme = 'light'")
    resize(driver, *SIZES["desktop"])


def main(folder):
    """Check all pages; exit code 1 if anything is wrong with one."""
    pages = [p for p in sorted(folder.rglob("*.html")) if "_modules" not in p.parts]
    if not pages:
        sys.exit(f"no site in {folder}: make docs first")
    install()
    start, found, formulas = time.perf_counter(), [], 0
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            resize(driver, *SIZES["desktop"])
            for path in pages:
                name = path.relative_to(folder).with_suffix("").as_posix()
                faults = [*faults_of_page(driver, path, folder)]
                if name in SHOWN:
                    faults += show(driver, name, SHOWN[name])
                formulas += len(driver.find_elements(By.CSS_SELECTOR, "article mjx-container"))
                found += [f"{name}: {fault}" for fault in faults]
            found += [f"search: {fault}" for fault in faults_of_search(driver, folder)]
        finally:
            driver.quit()
    print(*found, sep="\n", end="\n" if found else "")
    seconds = time.perf_counter() - start
    print(f"{len(pages)} pages, {formulas} formulas in {seconds:.0f} s")
    print(f"screenshots: {SCREENSHOTS}/")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
