"""Pyodide's files: only what was released is used, and an error says what to do."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import live_site
import pyodide_files
import pytest
from pyodide_files import Folder, PyodideFilesError, Release

CONTENT = {"one.whl": b"1" * 300_000, "two.zip": b"2" * 10, "three.js": b"3" * 1000}
WANTED = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}


@pytest.fixture
def folder(tmp_path):
    for name, content in CONTENT.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


class Host(BaseHTTPRequestHandler):
    """A server that can break off, knows ranges if it is told to, and notes what it was asked."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        host = self.server
        name = self.path.strip("/")
        asked = self.headers.get("Range") if host.knows_ranges else None
        host.asked.append((name, asked))
        if name not in host.content:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        rest = host.content[name][start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        breaks_off = host.breaks_off.pop(name, None)
        self.wfile.write(rest[:breaks_off])
        if breaks_off:
            self.close_connection = True


@pytest.fixture
def host():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.content, server.asked = dict(CONTENT), []
    server.breaks_off, server.knows_ranges = {}, True
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def release(host, tmp_path, monkeypatch):
    monkeypatch.setattr(pyodide_files.time, "sleep", lambda _: None)
    said = []
    release = Release(host.url, tmp_path / "cache", said.append, npm="no-such-program")
    release.said = said
    return release


def test_a_folder_with_all_files_is_used_as_it_is(folder):
    assert Folder(folder).verified(WANTED) == {name: folder / name for name in CONTENT}


def test_a_folder_without_a_file_is_refused_by_name(folder):
    (folder / "two.zip").unlink()
    with pytest.raises(PyodideFilesError, match=r"missing: two\.zip[\s\S]*unset PYODIDE_DIST"):
        Folder(folder).verified(WANTED)


@pytest.mark.parametrize("content", [b"", b"1" * 299_999, b"1" * 299_999 + b"x"])
def test_a_folder_with_a_changed_file_is_refused_by_name(folder, content):
    (folder / "one.whl").write_bytes(content)
    with pytest.raises(PyodideFilesError, match=r"corrupt: one\.whl") as caught:
        Folder(folder).verified(WANTED)
    assert "two.zip" not in str(caught.value)


def test_all_that_is_wrong_with_a_folder_is_said_at_once(folder):
    (folder / "two.zip").unlink()
    (folder / "one.whl").write_bytes(b"")
    with pytest.raises(PyodideFilesError, match=r"missing: two\.zip[\s\S]*corrupt: one\.whl"):
        Folder(folder).verified(WANTED)


def test_an_empty_folder_and_none_at_all_are_refused(tmp_path):
    with pytest.raises(PyodideFilesError, match=r"missing: one\.whl"):
        Folder(tmp_path).verified(WANTED)
    with pytest.raises(PyodideFilesError, match="no such folder"):
        Folder(tmp_path / "nowhere")


def test_a_lock_that_was_changed_is_refused(tmp_path):
    # Otherwise a folder could vouch for itself.
    (tmp_path / pyodide_files.LOCK).write_text('{"packages": {}}')
    with pytest.raises(PyodideFilesError, match=r"corrupt: pyodide-lock\.json"):
        pyodide_files.official_lock(Folder(tmp_path))


def test_files_are_fetched_once_and_progress_is_said(host, release):
    for _ in range(2):
        paths = release.verified(WANTED)
        assert {name: path.read_bytes() for name, path in paths.items()} == CONTENT
    assert sorted(host.asked) == sorted((name, None) for name in CONTENT)
    assert release.said[0] == "1/3 one.whl: 0.3 MB"


def test_a_kept_file_that_has_changed_is_fetched_again(host, release):
    release.verified(WANTED)
    (release.cache / "two.zip").write_bytes(b"2" * 9 + b"x")
    host.asked.clear()
    assert release.verified(WANTED)["two.zip"].read_bytes() == CONTENT["two.zip"]
    assert host.asked == [("two.zip", None)]


def test_an_interrupted_fetch_goes_on_where_it_stopped(host, release):
    host.breaks_off["one.whl"] = 100_000
    assert release.verified(WANTED)["one.whl"].read_bytes() == CONTENT["one.whl"]
    assert host.asked[:2] == [("one.whl", None), ("one.whl", "bytes=100000-")]


def test_the_next_run_goes_on_where_the_last_one_stopped(host, release):
    release.cache.mkdir()
    (release.cache / "one.whl.part").write_bytes(CONTENT["one.whl"][:250_000])
    release.verified(WANTED)
    assert host.asked[0] == ("one.whl", "bytes=250000-")


def test_a_server_without_ranges_sends_the_whole_again(host, release):
    host.knows_ranges = False
    host.breaks_off["one.whl"] = 100_000
    assert release.verified(WANTED)["one.whl"].read_bytes() == CONTENT["one.whl"]


def test_what_arrives_corrupt_is_thrown_away(host, release):
    host.content["two.zip"] = b"x" * 10
    with pytest.raises(PyodideFilesError, match=r"two\.zip.*corrupt"):
        release.verified(WANTED)
    assert not list(release.cache.glob("two.zip*"))


def test_what_the_release_does_not_have_is_named(host, release):
    del host.content["two.zip"]
    with pytest.raises(PyodideFilesError, match=r"two\.zip could not be fetched.*PYODIDE_DIST"):
        release.verified(WANTED)
    assert (release.cache / "one.whl").exists()


def test_a_release_out_of_reach_is_an_error_and_no_traceback_of_sockets(tmp_path, monkeypatch):
    monkeypatch.setattr(pyodide_files.time, "sleep", lambda _: None)
    release = Release("http://127.0.0.1:9/", tmp_path, lambda _: None, npm="no-such-program")
    with pytest.raises(PyodideFilesError, match=r"could not be fetched"):
        release.verified(WANTED)


def test_names_of_packages_are_found_in_either_spelling():
    packages = {
        "ipython": {"depends": ["prompt_toolkit"]},
        "prompt-toolkit": {"depends": ["wcwidth"]},
        "wcwidth": {"depends": []},
        "scipy": {"depends": []},
    }
    found = pyodide_files.with_dependencies(packages, ["ipython", "not-there"])
    assert found == ["ipython", "prompt-toolkit", "wcwidth"]


def test_a_site_that_cannot_be_built_leaves_nothing_behind(tmp_path, monkeypatch):
    book = tmp_path / "html"
    book.mkdir()
    (book / "index.html").write_text("<html><head></head></html>")
    monkeypatch.setattr(live_site, "BOOK", book)
    monkeypatch.setenv("PYODIDE_DIST", str(tmp_path / "html"))
    site = tmp_path / "out" / "site"
    with pytest.raises(PyodideFilesError, match="missing"):
        live_site.build(site)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_older_site_stays_where_a_new_one_cannot_be_built(tmp_path, monkeypatch):
    test_site = tmp_path / "out" / "site"
    test_site.mkdir(parents=True)
    (test_site / "index.html").write_text("the old one")
    monkeypatch.setattr(live_site, "BOOK", test_site)
    monkeypatch.setenv("PYODIDE_DIST", str(tmp_path / "nowhere"))
    with pytest.raises(PyodideFilesError, match="no such folder"):
        live_site.build(test_site)
    assert (test_site / "index.html").read_text() == "the old one"


def test_the_folder_of_the_environment_comes_first(folder, monkeypatch):
    monkeypatch.setenv("PYODIDE_DIST", str(folder))
    assert isinstance(pyodide_files.source(), Folder)
    monkeypatch.setenv("PYODIDE_DIST", "")
    assert isinstance(pyodide_files.source(), Release)
