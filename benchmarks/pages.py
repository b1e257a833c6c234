"""How soon a page that people read is ready in a browser.

    python -m benchmarks.pages out/demo/reports/*.html

Opens each page in a headless Chromium of its own, five times, from a file, and prints the size and the median time from
the last byte read to the document being ready.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

REPEATS = 5
PROBE = """<script>addEventListener('load', () => {
  const timing = performance.getEntriesByType('navigation')[0];
  document.title = `ready ${timing.domContentLoadedEventEnd - timing.responseEnd}`;
});</script>"""


def ready_ms(browser: str, page: Path) -> float:
    """Return the milliseconds that one opening of a page takes."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as home:
        probed = Path(home) / "page.html"
        probed.write_text(html.replace("</body>", PROBE + "</body>"), encoding="utf-8")
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *(f"--user-data-dir={home}/profile", "--virtual-time-budget=5000", "--dump-dom", probed.as_uri()),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603 - our own page
    found = re.search(r"<title>ready ([0-9.]+)</title>", done.stdout)
    if found is None:
        raise SystemExit(f"{page} never became ready")
    return float(found.group(1))


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no chromium on the path")
    for name in sys.argv[1:]:
        page = Path(name)
        times = [ready_ms(browser, page) for _ in range(REPEATS)]
        print(f"{median(times):7.0f} ms  {page.stat().st_size / 1024:7.0f} KiB  {page}")


if __name__ == "__main__":
    main()
