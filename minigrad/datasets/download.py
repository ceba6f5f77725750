"""Files: where they lie, whether they are whole, and how they come from the network.

A download is written to NAME.part and moved to NAME only when its checksum is right: there is
never a file that is half there. The .part file stays after a failure, and the next try goes on
from it.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

CHUNK = 1 << 16  # bytes
TIMEOUT = 30  # seconds without an answer
ROUNDS = 20  # how often the mirrors are gone through as long as bytes come in
OFFLINE = "datasets.Digits() (--data digits) needs no download"


def data_root(root: str | os.PathLike | None = None) -> Path:
    """The folder of all data sets: `root`, else $MINIGRAD_DATA, else the user's cache folder."""
    chosen = root or os.environ.get("MINIGRAD_DATA")
    if chosen:
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(cache).expanduser() / "minigrad"


def md5sum(path: Path) -> str:
    """The md5 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def is_intact(path: Path, md5: str | None) -> bool:
    """Whether the file is there with this checksum; any will do for None."""
    return path.is_file() and (md5 is None or md5sum(path) == md5)


def refuse_damaged(path: Path, why: str) -> RuntimeError:
    """The error for a file that must not be used."""
    return RuntimeError(
        f"{path} is damaged: {why}. Delete it and load the data set with download=True"
    )


def refuse_missing(name: str, paths: Iterable[Path], root: Path) -> RuntimeError:
    """The error for a data set of which these files are missing."""
    files = "".join(f"\n  {path}" for path in paths)
    return RuntimeError(
        f"{name}: missing{files}\nLoad it with download=True (minigrad train: --download); or, if "
        f"you have the files, put them there, or set root= (now: {root}) or the environment "
        f"variable MINIGRAD_DATA to the folder above. {OFFLINE}"
    )


def fetch(urls: Sequence[str], path: Path, md5: str) -> None:
    """Download a file from the first of `urls` that gives it whole.

    A dropped connection is taken up where it ended, by whichever mirror comes next. RuntimeError,
    saying what was tried and what to do, if none can give the file.
    """
    from http.client import HTTPException

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    failures: dict[str, str] = {}
    for _ in range(ROUNDS):
        before = _size(part)
        for url in urls:
            try:
                _append(url, part)
            except (OSError, HTTPException) as error:
                failures[url] = _reason(error)
                if getattr(error, "code", None) == 416:  # no bytes there: the part is too long
                    part.unlink()
                continue
            if md5sum(part) == md5:
                os.replace(part, path)
                return
            part.unlink()
            failures[url] = "the checksum of what it sent is wrong"
        if _size(part) == before:
            break
    tried = "".join(f"\n  {url}: {why}" for url, why in failures.items())
    raise RuntimeError(
        f"could not download {path.name}. Tried:{tried}\n"
        f"What to do: run it again when there is a network (a download goes on where it ended); "
        f"or get the file in another way and put it at {path}; or set root= or the environment "
        f"variable MINIGRAD_DATA to a folder that has it. {OFFLINE}"
    )


def extract(archive: Path, files: Mapping[str, str | None], folder: Path) -> None:
    """Unpack the named files, checksum each, from a tar archive into `folder`; nothing else.

    The archive knows them as FOLDER/NAME.
    """
    import shutil
    import tarfile

    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for name, md5 in files.items():
            part = folder / (name + ".part")
            try:
                source = tar.extractfile(f"{folder.name}/{name}")
            except KeyError:
                source = None
            if source is None:
                raise refuse_damaged(archive, f"it has no file {folder.name}/{name}")
            with source, open(part, "wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
            if not is_intact(part, md5):
                part.unlink()
                raise refuse_damaged(archive, f"the checksum of its {name} is wrong")
            os.replace(part, folder / name)


def _append(url: str, part: Path) -> None:
    """Add to `part` the bytes of `url` that it does not have yet."""
    from urllib.request import Request, urlopen

    from tqdm import tqdm

    have = _size(part)
    headers = {"User-Agent": "minigrad"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with urlopen(Request(url, headers=headers), timeout=TIMEOUT) as response:
        goes_on = response.status == 206  # else the server sends everything, from the start
        have = have if goes_on else 0
        length = response.headers["Content-Length"]
        total = have + int(length) if length else None
        name = part.name.removesuffix(".part")
        with (
            open(part, "ab" if goes_on else "wb") as file,
            tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=name) as bar,
        ):
            while chunk := response.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and _size(part) < total:
        raise ConnectionError(f"the connection ended after {_size(part)} of {total} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """Why a mirror failed, in words."""
    import ssl
    from urllib.error import HTTPError

    if isinstance(error, HTTPError):
        error.close()
        return f"HTTP {error.code} {error.reason}"
    cause = getattr(error, "reason", error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate could not be checked ({cause.verify_message}); on macOS run "
            "'Install Certificates.command' of your Python, elsewhere pip install certifi and set "
            "SSL_CERT_FILE to the path that python -m certifi prints"
        )
    return str(cause) or type(cause).__name__
