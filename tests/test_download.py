"""Downloads, against a server on this machine that misbehaves in every way."""

import hashlib
import io
import ssl
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError

import numpy as np
import pytest

from minigrad.datasets import CIFAR10, download
from minigrad.datasets.download import data_root, extract, fetch

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.log.append((self.path, self.headers["Range"]))
        if self.path == "/broken":
            self.send_error(403)
            return
        start = 0
        if self.headers["Range"] and self.path != "/no-range":
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
        body = CONTENT[start:]
        sent = {"/other": b"<html>log in</html>", "/drops": body[:100_000]}.get(self.path, body)
        length = len(sent) if self.path == "/other" else len(body)
        self.send_response(206 if start else 200)
        if self.path != "/no-length":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.log = []
        httpd.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def test_the_next_mirror_is_asked_when_one_fails(server, tmp_path):
    path = tmp_path / "new" / "file.gz"
    urls = [f"{server.url}/{name}" for name in ("broken", "other", "good", "unasked")]
    fetch(urls, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.log == [("/broken", None), ("/other", None), ("/good", None)]
    assert [p.name for p in path.parent.iterdir()] == ["file.gz"]


def test_a_dropped_connection_is_taken_up_where_it_ended(server, tmp_path):
    fetch([f"{server.url}/drops"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.log == [
        ("/drops", None), ("/drops", "bytes=100000-"), ("/drops", "bytes=200000-"),
    ]  # fmt: skip


def test_an_earlier_download_goes_on(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT[:77])
    fetch([f"{server.url}/good"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.log == [("/good", "bytes=77-")]


@pytest.mark.parametrize("path", ["no-range", "no-length"])
def test_a_server_without_ranges_or_lengths(server, tmp_path, path):
    (tmp_path / "file.part").write_bytes(CONTENT[:77])
    fetch([f"{server.url}/{path}"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"from another file", CONTENT, CONTENT + b"more"])
def test_a_part_that_does_not_fit_is_dropped(server, tmp_path, part):
    (tmp_path / "file.part").write_bytes(part)
    fetch([f"{server.url}/good"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.log[-1] == ("/good", None)


def test_a_wrong_checksum_leaves_no_file_and_replaces_none(server, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="/other: the checksum of what it sent is wrong"):
        fetch([f"{server.url}/other"], path, MD5)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_any_mirror_the_error_says_what_to_do(server, tmp_path):
    with pytest.raises(RuntimeError) as error:
        fetch([f"{server.url}/broken", "http://127.0.0.1:9/closed"], tmp_path / "file", MD5)
    message = str(error.value)
    assert f"{server.url}/broken: HTTP 403 Forbidden" in message
    assert "127.0.0.1:9/closed: [Errno" in message
    assert f"put it at {tmp_path / 'file'}" in message
    assert "MINIGRAD_DATA" in message
    assert "--data digits" in message
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_ends_halfway_is_kept_for_later(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ROUNDS", 1)
    with pytest.raises(RuntimeError, match="the connection ended after 100000 of 256000 bytes"):
        fetch([f"{server.url}/drops"], tmp_path / "file", MD5)
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:100_000]
    assert not (tmp_path / "file").exists()


def test_a_certificate_that_cannot_be_checked_gets_advice(tmp_path, monkeypatch):
    def urlopen(request, timeout):
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "unable to get local issuer certificate"
        raise URLError(error)

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(RuntimeError, match=r"local issuer.*Install Certificates.*SSL_CERT_FILE"):
        fetch(["https://example.org/file"], tmp_path / "file", MD5)


def tar_of(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_extract_takes_only_what_is_expected(tmp_path):
    archive = tmp_path / "a.tar.gz"
    tar_of(archive, {"../evil": b"x", "set/extra": b"x", "set/data.bin": CONTENT})
    extract(archive, {"data.bin": MD5}, tmp_path / "set")
    assert (tmp_path / "set" / "data.bin").read_bytes() == CONTENT
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar.gz", "data.bin", "set"]
    assert not (tmp_path.parent / "evil").exists()


def test_extract_refuses_what_is_missing_or_changed(tmp_path):
    archive = tmp_path / "a.tar.gz"
    tar_of(archive, {"set/data.bin": CONTENT[1:]})
    with pytest.raises(RuntimeError, match=r"a.tar.gz is damaged: it has no file set/other.bin"):
        extract(archive, {"other.bin": None}, tmp_path / "set")
    with pytest.raises(RuntimeError, match=r"the checksum of its data.bin is wrong"):
        extract(archive, {"data.bin": MD5}, tmp_path / "set")
    assert list((tmp_path / "set").iterdir()) == []


def test_a_data_set_downloads_and_unpacks_its_archive(server, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    names = [*CIFAR10.train_files, *CIFAR10.test_files]
    files = {name: rng.integers(10, size=2 * 3073, dtype=np.uint8).tobytes() for name in names}
    sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    archive = tmp_path / "made.tar.gz"
    tar_of(archive, {f"{CIFAR10.folder}/{name}": content for name, content in files.items()})
    monkeypatch.setitem(globals(), "CONTENT", archive.read_bytes())
    monkeypatch.setattr(CIFAR10, "mirrors", [f"{server.url}/"])
    monkeypatch.setattr(CIFAR10, "archive_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(CIFAR10, "train_files", {name: sums[name] for name in names[:5]})
    monkeypatch.setattr(CIFAR10, "test_files", {names[5]: sums[names[5]]})
    monkeypatch.setattr(CIFAR10, "train_size", 2)
    monkeypatch.setattr(CIFAR10, "test_size", 2)

    root = tmp_path / "root"
    train, test = CIFAR10(root, download=True), CIFAR10(root, train=False, download=True)
    assert [path for path, _ in server.log] == ["/cifar-10-binary.tar.gz"]
    assert train.data.shape == (10, 32, 32, 3)
    assert test.data.shape == (2, 32, 32, 3)

    (root / CIFAR10.folder / "data_batch_3.bin").write_bytes(b"")  # mended from the archive
    with pytest.raises(RuntimeError, match=r"data_batch_3.bin is damaged"):
        CIFAR10(root)
    assert (CIFAR10(root, download=True).data == train.data).all()
    assert len(server.log) == 1


def test_data_root(monkeypatch, tmp_path):
    for name in ("MINIGRAD_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert data_root() == tmp_path / ".cache" / "minigrad"
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_root() == tmp_path / "local" / "minigrad"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data_root() == tmp_path / "xdg" / "minigrad"
    monkeypatch.setenv("MINIGRAD_DATA", "~/data")
    assert data_root() == tmp_path / "data"
    assert data_root(tmp_path / "mine") == tmp_path / "mine"
