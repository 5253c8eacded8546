"""Names of any bytes that are UTF-8, up to 255 of them, come back as they went."""
import errno
import os
import unicodedata

from common import A, B, check, drop_caches, expect, read_file, write_file

LONGEST = 255
names = [
    "x" * LONGEST,
    "ü" * (LONGEST // 2) + "x",
    "語" * (LONGEST // 3),
    "😀" * (LONGEST // 4) + "xyz",
    unicodedata.normalize("NFC", "é ö å"),
    unicodedata.normalize("NFD", "é ö å"),
    "Straße",
    "STRASSE",
    "strasse",
    " leading and trailing ",
    "new\nline\ttab\x01\x7f",
    "back\\slash 'quotes\" $(none) *?[]{}",
    "-rf",
    "...",
    "con:aux|<>",
    "مرحبا",
    "\u202eleft",
    "~",
]
for i, name in enumerate(names):
    write_file(f"{A}/{name}", str(i).encode())
drop_caches()
for where in (A, B):
    check(sorted(os.listdir(where)) == sorted(names), f"{where} lists other names")
    for i, name in enumerate(names):
        check(read_file(f"{where}/{name}") == str(i).encode(), f"{name!r} is another file")
for i, name in enumerate(names):
    os.mkdir(f"{A}/folder-{i}")
    os.rename(f"{A}/{name}", f"{A}/folder-{i}/{name}")
    os.symlink(name, f"{A}/folder-{i}/link")
drop_caches()
for i, name in enumerate(names):
    check(sorted(os.listdir(f"{B}/folder-{i}")) == sorted([name, "link"]), f"{name!r} did not survive renaming")
    check(read_file(f"{B}/folder-{i}/link") == str(i).encode(), f"a link to {name!r} leads elsewhere")
for name in ("x" * (LONGEST + 1), "語" * (LONGEST // 3) + "x"):
    expect(errno.ENAMETOOLONG, os.open, f"{A}/{name}", os.O_CREAT | os.O_WRONLY)
    expect(errno.ENAMETOOLONG, os.mkdir, f"{A}/{name}")
try:
    os.mkdir(os.fsencode(A) + b"/not \xff utf-8")
    said = "are taken"
except OSError as error:
    said = f"give {errno.errorcode.get(error.errno or 0)}"
print(f"{len(names)} names; names that are not UTF-8 {said}")
