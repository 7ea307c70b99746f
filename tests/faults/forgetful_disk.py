"""A file system that forgets at a power cut what was not synced: `python forgetful_disk.py FOLDER SEED`.

It lives in memory, runs under any Python that has pyfuse3, and loses power on SIGUSR1: of what was written since the
last sync of a file, each write is kept or lost by chance, as on a real disk. It ends with its standard input.
"""

import errno
import os
import random
import signal
import stat
import sys
from typing import Any  # pyfuse3 has no types

import pyfuse3  # type: ignore[import-not-found]
import trio  # type: ignore[import-not-found]


class File:
    """The bytes of a file: as programs see them, as the disk has them, and the writes between."""

    def __init__(self) -> None:
        self.seen, self.kept = bytearray(), bytearray()
        self.waiting: list[tuple[int, bytes | None]] = []

    def write(self, offset: int, data: bytes) -> None:
        """Write where programs see it."""
        _apply(self.seen, offset, data)
        self.waiting.append((offset, data))

    def cut(self, size: int) -> None:
        """Shorten or lengthen what programs see."""
        _apply(self.seen, size, None)
        self.waiting.append((size, None))

    def sync(self) -> None:
        """Keep everything that was written so far."""
        for offset, data in self.waiting:
            _apply(self.kept, offset, data)
        self.waiting.clear()

    def lose_power(self, chance: random.Random) -> None:
        """Forget about half of what was not kept."""
        for offset, data in self.waiting:
            if chance.random() < 0.5:
                _apply(self.kept, offset, data)
        self.waiting.clear()
        self.seen = bytearray(self.kept)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    end = offset if data is None else offset + len(data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


class ForgetfulDisk(pyfuse3.Operations):  # type: ignore[misc]
    """One flat folder of files; names are kept at once, contents when they are synced."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._names: dict[bytes, int] = {}
        self._files: dict[int, File] = {}
        self._next = pyfuse3.ROOT_INODE + 1

    def lose_power(self) -> None:
        """Forget what was not synced."""
        for file in self._files.values():
            file.lose_power(self._chance)

    async def getattr(self, inode: int, ctx: Any = None) -> Any:
        """Return what is known of a file or of the folder."""
        entry = pyfuse3.EntryAttributes()
        entry.st_ino, entry.attr_timeout, entry.entry_timeout = inode, 0, 0
        entry.st_uid, entry.st_gid, entry.st_nlink = os.getuid(), os.getgid(), 1
        if inode == pyfuse3.ROOT_INODE:
            entry.st_mode = stat.S_IFDIR | 0o755
        elif inode in self._files:
            entry.st_mode, entry.st_size = stat.S_IFREG | 0o600, len(self._files[inode].seen)
        else:
            raise pyfuse3.FUSEError(errno.ENOENT)
        return entry

    async def setattr(self, inode: int, attr: Any, fields: Any, fh: Any, ctx: Any) -> Any:
        """Change a file's length; nothing else matters here."""
        if fields.update_size:
            self._files[inode].cut(attr.st_size)
        return await self.getattr(inode)

    async def lookup(self, parent: int, name: bytes, ctx: Any = None) -> Any:
        """Return what stands under a name."""
        if name not in self._names:
            raise pyfuse3.FUSEError(errno.ENOENT)
        return await self.getattr(self._names[name])

    async def opendir(self, inode: int, ctx: Any) -> int:
        """Open the folder."""
        return inode

    async def readdir(self, fh: int, start: int, token: Any) -> None:
        """List the folder."""
        for number, (name, inode) in enumerate(sorted(self._names.items())):
            if number >= start and not pyfuse3.readdir_reply(token, name, await self.getattr(inode), number + 1):
                return

    async def create(self, parent: int, name: bytes, mode: int, flags: int, ctx: Any) -> Any:
        """Make a file."""
        inode, self._next = self._next, self._next + 1
        self._names[name], self._files[inode] = inode, File()
        return pyfuse3.FileInfo(fh=inode), await self.getattr(inode)

    async def open(self, inode: int, flags: int, ctx: Any) -> Any:
        """Open a file."""
        return pyfuse3.FileInfo(fh=inode)

    async def read(self, fh: int, off: int, size: int) -> bytes:
        """Return what programs see."""
        return bytes(self._files[fh].seen[off : off + size])

    async def write(self, fh: int, off: int, buf: bytes) -> int:
        """Take bytes, and promise nothing."""
        self._files[fh].write(off, bytes(buf))
        return len(buf)

    async def fsync(self, fh: int, datasync: bool) -> None:  # noqa: FBT001
        """Promise what was written."""
        self._files[fh].sync()

    async def unlink(self, parent: int, name: bytes, ctx: Any) -> None:
        """Remove a name; who has the file open keeps it."""
        if self._names.pop(name, None) is None:
            raise pyfuse3.FUSEError(errno.ENOENT)


async def _serve(disk: ForgetfulDisk) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_lose_power_when_told, disk)
        nursery.start_soon(_end_with_stdin)
        await pyfuse3.main()
        nursery.cancel_scope.cancel()


async def _lose_power_when_told(disk: ForgetfulDisk) -> None:
    with trio.open_signal_receiver(signal.SIGUSR1) as signals:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async for _ in signals:
            disk.lose_power()
            sys.stdout.write("cut\n")
            sys.stdout.flush()


async def _end_with_stdin() -> None:
    await trio.to_thread.run_sync(sys.stdin.read, cancellable=True)
    pyfuse3.terminate()


def main(folder: str, seed: int) -> None:
    """Serve the folder until standard input ends."""
    disk = ForgetfulDisk(seed)
    pyfuse3.init(disk, folder, {*pyfuse3.default_options, "fsname=forgetful"})
    try:
        trio.run(_serve, disk)
    finally:
        pyfuse3.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
