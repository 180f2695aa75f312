"""The page in a browser: signing in, going to a view, waiting for a text, reading the console."""

from __future__ import annotations

from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

SECONDS = 20
DESK = (1440, 1000)
PHONE = (390, 844)
SMALL_PHONE = (360, 740)


class PageBrowser:
    """The page in a browser."""

    def __init__(self, driver: webdriver.Chrome, stack: dict[str, Any]) -> None:
        """Use this browser and this running bundle."""
        self.driver = driver
        self.stack = stack
        self.url = f"{stack['url']}/console/"

    def renew(self, *, language: str = "en", size: tuple[int, int] = DESK, dark: bool = False) -> None:
        """Open the page as if for the first time."""
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=size[0] <= PHONE[0],
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self._command("Emulation.setEmulatedMedia", features=[scheme, motion])
        self._command("Emulation.setTimezoneOverride", timezoneId="UTC")
        self.driver.get(self.url)
        keep = "sessionStorage.clear(); localStorage.clear(); localStorage.setItem('ringledger-language', arguments[0])"
        self.driver.execute_script(keep, language)
        self.driver.get("about:blank")
        self.driver.get_log("browser")

    def sign_in(self, view: str = "now", token: str = "") -> None:
        """Open a view with a token; by default the one that has every scope."""
        self.driver.get(f"{self.url}#token={token or self.stack['console_token']}")
        self.wait("header.top")
        self.go(view)

    def go(self, view: str) -> None:
        """Change the address to a view, such as `calls?outcome=missed`."""
        self.driver.execute_script("location.hash = '#/' + arguments[0]", view)

    def wait(self, selector: str, text: str = "") -> WebElement:
        """Return the first element of a selector that contains a text, as soon as there is one."""

        def visible(driver: webdriver.Chrome) -> WebElement | None:
            elements = driver.find_elements(By.CSS_SELECTOR, selector)
            return next((each for each in elements if text in each.get_property("textContent")), None)  # type: ignore[operator]

        found = WebDriverWait(self.driver, SECONDS, ignored_exceptions=[Exception]).until(visible, f"{selector} {text}")
        if not isinstance(found, WebElement):
            raise TypeError(selector)
        return found

    def wait_gone(self, selector: str) -> None:
        """Wait until no element has the selector."""
        WebDriverWait(self.driver, SECONDS).until_not(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, selector), f"{selector} is still there"
        )

    def wait_script(self, script: str) -> Any:
        """Return the value of a script as soon as it is true."""
        return WebDriverWait(self.driver, SECONDS).until(
            lambda driver: driver.execute_script(f"return {script}"), script
        )

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements of a selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def width(self) -> int:
        """Return how wide the view is, in pixels: more than the window when it has to be moved sideways."""
        return int(self.driver.execute_script("return document.documentElement.scrollWidth"))

    def hash(self) -> str:
        """Return the part of the address after the `#`."""
        return str(self.driver.execute_script("return location.hash"))

    def errors(self) -> list[str]:
        """Return what the browser complained about since the last call: policies, scripts and failed requests."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def block(self, *patterns: str) -> None:
        """Let requests to these addresses fail, as if the service were away."""
        self._command("Network.enable")
        self._command("Network.setBlockedURLs", urls=list(patterns))

    def unblock(self) -> None:
        """Let all requests pass again."""
        self.block()

    def grow(self) -> None:
        """Make the window as high as the view, for a picture of the whole."""
        height = int(self.driver.execute_script("return document.documentElement.scrollHeight"))
        width = int(self.driver.execute_script("return innerWidth"))
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width <= PHONE[0],
        )

    def _command(self, name: str, **parameters: object) -> None:
        self.driver.execute_cdp_cmd(name, parameters)
