"""Every page in a real browser: it opens in a second, asks for nothing, and fits screen, phone and paper."""

import json
import re
import shutil
import subprocess
import threading
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reports.page import render

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), "")
pytestmark = pytest.mark.skipif(not BROWSER, reason="no chromium here; pages are still held to the laws of HTML")

WIDTHS = (400, 1280)
FRAMES = "<title>wait</title>" + "".join(
    f'<iframe src="PAGE" style="width:{width}px;height:1400px;border:0"></iframe>' for width in WIDTHS
)
PROBE = """<script>
addEventListener('load', () => {
  const outside = [...document.querySelectorAll('main *')].filter(e => !e.closest('.table, .drawing')
    && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
  const text = [...document.querySelectorAll('p, td, dd, li')];
  const found = {
    width: document.documentElement.clientWidth,
    outside: outside.map(e => e.tagName + '.' + e.className).slice(0, 5),
    scrolls: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: text.filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length,
    fetched: performance.getEntriesByType('resource').map(e => e.name),
  };
  parent.document.body.append(Object.assign(document.createElement('pre'), {textContent: JSON.stringify(found)}));
});
</script>"""


@pytest.fixture(scope="module")
def site(pages, tmp_path_factory):
    """The pages behind a server that notes every request, as they are and in frames of two widths with a probe."""
    folder, asked = tmp_path_factory.mktemp("site"), []
    for name, page in pages.items():
        html = render(page)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
        free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
        (folder / f"{name}.probe.html").write_text(free.replace("</body>", PROBE + "</body>"), encoding="utf-8")
        (folder / f"{name}.frames.html").write_text(FRAMES.replace("PAGE", f"{name}.probe.html"), encoding="utf-8")

    class Noting(SimpleHTTPRequestHandler):
        def log_message(self, *_given):
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Noting, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    def run(*options):
        home = tmp_path_factory.mktemp("browser")
        command = [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *(
                "--no-first-run",
                "--hide-scrollbars",
                "--disable-sync",
                "--disable-extensions",
                f"--user-data-dir={home}",
            ),
            *("--enable-logging=stderr", *options),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)

    return run


@pytest.mark.parametrize("name", ["case", "comparison", "model", "policy", "catalogue", "blocks"])
def test_it_fits_phone_and_screen(browse, site, name):
    dom = browse("--window-size=1400,3000", "--virtual-time-budget=4000", "--dump-dom", f"{site[0]}/{name}.frames.html")
    found = [json.loads(unescape(one)) for one in re.findall(r"<pre>(.*?)</pre>", dom.stdout)]

    assert sorted(one["width"] for one in found) == list(WIDTHS)
    for one in found:
        assert one["outside"] == []
        assert one["scrolls"] <= 0
        assert one["small"] == 0
        assert one["fetched"] == []


def test_the_page_itself_asks_for_one_file_and_complains_of_nothing(browse, site):
    address, asked = site
    asked.clear()
    log = browse("--virtual-time-budget=2000", "--dump-dom", f"{address}/model.html").stderr

    assert [path for path in asked if path != "/favicon.ico"] == ["/model.html"]
    assert "CONSOLE" not in log.replace("favicon.ico", "")


def test_the_policy_of_a_page_lets_its_own_search_run_and_no_other_script(browse, site, tmp_path, pages):
    html = render(pages["catalogue"]).replace("</body>", "<script>document.title = 'ran'</script></body>")
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    dom = browse("--virtual-time-budget=2000", "--dump-dom", page.as_uri()).stdout

    assert "<output>6 / 6</output>" in dom
    assert "<title>ran</title>" not in dom


SEARCHES = """<script>
addEventListener('load', () => {
  const finder = document.querySelector('.finder');
  const seen = kind => [...document.querySelectorAll(kind)].filter(e => !e.closest('[hidden]'));
  const found = [];
  const look = () => found.push([seen('.card').map(e => e.id), seen('main > section').length,
    seen('#outstanding ~ section tbody tr').length, finder.querySelector('output').textContent]);
  const ask = (words, state) => {
    finder.querySelector('input').value = words;
    finder.querySelector('[name=state]').value = state;
    finder.dispatchEvent(new Event('input'));
    look();
  };
  look();
  ask('申请金额', '');
  ask('INCOME stated', '');
  ask('', 'leak');
  ask('no such words', '');
  location.hash = '#inquiries_count_90d';
  setTimeout(() => {
    look();
    document.body.append(Object.assign(document.createElement('pre'), {textContent: JSON.stringify(found)}));
  }, 300);
});
</script>"""


def test_cards_are_found_by_words_and_choices_and_a_link_shows_what_was_hidden(browse, tmp_path, pages):
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render(pages["catalogue"]))
    page = tmp_path / "page.html"
    page.write_text(free.replace("</body>", SEARCHES + "</body>"), encoding="utf-8")
    dom = browse("--virtual-time-budget=4000", "--dump-dom", page.as_uri())
    every, chinese, words, leak, none, linked = json.loads(unescape(re.search(r"<pre>(.*?)</pre>", dom.stdout)[1]))

    assert len(every[0]) == 6
    assert every[3] == "6 / 6"
    assert chinese[0] == []
    assert words[0] == ["application_declared_income", "application_declared_income_round"]
    assert leak[0] == ["inquiries_count_90d"]
    assert none[0] == []
    assert leak[2] < every[2]
    assert none[1] < leak[1] < every[1]
    assert linked[0] == every[0]


def test_it_prints_on_few_sheets_with_nothing_cut(browse, site, tmp_path):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed; it tells what stands on paper")
    paper = tmp_path / "model.pdf"
    browse("--no-pdf-header-footer", f"--print-to-pdf={paper}", f"{site[0]}/model.html")
    pages = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True).stdout
    sheets = pages.split("\f")[:-1]

    assert 3 <= len(sheets) <= 12
    assert all(sheet.strip() for sheet in sheets)
    for words in ("How well it ranks", "Jeffreys p", "Spiegelhalter z", "Where it comes from", "identity_failed"):
        assert words in pages


def test_the_headers_of_a_long_table_stand_on_every_sheet(browse, site, tmp_path):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed; it tells what stands on paper")
    paper = tmp_path / "blocks.pdf"
    browse("--no-pdf-header-footer", f"--print-to-pdf={paper}", f"{site[0]}/blocks.html")
    pages = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True).stdout
    with_rows = [sheet for sheet in pages.split("\f") if re.search(r"row \d+", sheet)]

    assert len(with_rows) >= 2
    assert all(re.search(r"Name\s+Count", sheet) for sheet in with_rows)
