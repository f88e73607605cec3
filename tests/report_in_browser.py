"""Open reports in a real headless browser: ``python -m tests.report_in_browser report.html``.

Every figure must have loaded, every control must change the page, nothing may be said on the
console, and nothing may stick out of the page of a desktop or of a phone, of which screenshots are
kept in ``screenshots/``. Needs Debian's packages chromium and chromium-driver, and installs them
where it may.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver"}  # of Debian's packages
SIZES = {"desktop": (1280, 900, False), "phone": (390, 844, True)}
# no sandbox for root; no requests of its own
FLAGS = ["headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run"]
FLAGS += ["disable-background-networking", "disable-component-update", "disable-sync"]
SECONDS = 60
SCREENSHOTS = Path("screenshots")
TALLEST = 10_000  # pixels of a screenshot; a page has several
LOADED = """
return [...document.images].filter(i => !(i.complete && i.naturalWidth > 100)).map(i => i.id)
"""
STATE = """
return document.body.innerText + [...document.querySelectorAll("svg")].map(s => s.innerHTML)
"""
SIZE = "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


def install():
    """Install what is missing where Debian's packages can be; else end with one line."""
    missing = [package for name, package in PROGRAMS.items() if not shutil.which(name)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", "--quiet", *command], check=True, stdout=subprocess.DEVNULL)
    if missing := [package for name, package in PROGRAMS.items() if not shutil.which(name)]:
        sys.exit(f"the browser is missing: apt-get install {' '.join(missing)}, as root")


def browser(profile):
    """A headless Chromium that keeps what pages say on the console, and what they ask for."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in [*FLAGS, f"user-data-dir={profile}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def resize(driver, width, height, mobile):
    """Give the page the size of a screen."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def faults(driver, path):
    """Yield what is wrong with a report, a line each; says what was tried."""
    driver.get(path.resolve().as_uri())
    charts = driver.find_elements(By.CSS_SELECTOR, ".chart")
    WebDriverWait(driver, SECONDS).until(
        lambda d: len(d.find_elements(By.CSS_SELECTOR, ".chart svg")) == len(charts)
    )
    images = driver.find_elements(By.TAG_NAME, "img")
    for image in images:  # they load when they come into view
        driver.execute_script("arguments[0].loading = 'eager'", image)
    try:
        WebDriverWait(driver, SECONDS).until(lambda d: not d.execute_script(LOADED))
    except Exception:
        yield f"figures that are not there: {driver.execute_script(LOADED)}"
    if not images:
        yield "no figure"
    tried = 0
    for menu in driver.find_elements(By.TAG_NAME, "select"):
        n_choices = len(Select(menu).options)
        name = menu.get_attribute("id") or menu.get_attribute("name")
        seen, start = {driver.execute_script(STATE)}, menu.get_property("selectedIndex")
        for choice in range(n_choices):
            Select(menu).select_by_index(choice)
            driver.execute_async_script("setTimeout(arguments[0], 50)")
            seen.add(driver.execute_script(STATE))
            tried += 1
        if n_choices > 1 and len(seen) == 1:
            yield f"the menu {name} changes nothing"
        Select(menu).select_by_index(start)
    search = driver.find_element(By.ID, "search")
    search.send_keys("nothing that is there")
    if any(row.is_displayed() for row in driver.find_elements(By.CSS_SELECTOR, ".claim")):
        yield "the search finds what is not there"
    search.clear()
    search.send_keys(" \b")
    driver.execute_script("arguments[0].blur(); scrollTo(0, 0)", search)
    for name, (width, height, mobile) in SIZES.items():
        resize(driver, width, height, mobile)
        driver.execute_async_script("setTimeout(arguments[0], 500)")
        across, down = driver.execute_script(SIZE)
        if across > width:
            yield f"{name}: the page is {across} pixels wide, the screen {width}"
        resize(driver, width, min(down, TALLEST), mobile)
        SCREENSHOTS.mkdir(exist_ok=True)
        for part in range(-(-down // TALLEST)):
            driver.execute_script("scrollTo(0, arguments[0])", part * TALLEST)
            driver.execute_async_script("setTimeout(arguments[0], 500)")
            driver.save_screenshot(SCREENSHOTS / f"{path.stem}-{name}-{part + 1}.png")
    for entry in driver.get_log("browser"):
        yield f"console: {entry['level']}: {entry['message']}"
    print(f"{path}: {len(images)} figures, {len(charts)} charts, {tried} choices in menus")


def main(paths):
    """Check all reports; exit code 1 if anything is wrong with one."""
    if not paths:
        sys.exit("no report here: make paper, or make paper QUICK=1, first")
    install()
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            found = [f"{path}: {fault}" for path in paths for fault in faults(driver, path)]
        finally:
            driver.quit()
    print(*found, sep="\n", end="\n" if found else "")
    print(f"screenshots: {SCREENSHOTS}/")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
