#!/usr/bin/env python3
"""huge.py KIND IN OUT: the 64-bit ELF file IN, and then
far      its sections but those that are loaded, and the table of sections, beyond 5 GiB,
         behind a hole
empty    8 GiB in all, of which the rest is a hole
"""
import os
import struct
import sys

kind, path, out = sys.argv[1:]
source = bytearray(open(path, "rb").read())
if kind == "empty":
    with open(out, "wb") as file:
        file.write(source)
        file.truncate(8 << 30)
    sys.exit()
far = 5 << 30
table, = struct.unpack_from("<Q", source, 0x28)
count, = struct.unpack_from("<H", source, 0x3C)
head = bytearray(source[table:table + count * 64])
for i in range(1, count):
    kind, flags, _, offset, = struct.unpack_from("<IQQQ", head, i * 64 + 4)
    if kind != 8 and not flags & 2:  # SHT_NOBITS, SHF_ALLOC
        struct.pack_into("<Q", head, i * 64 + 24, offset + far)
struct.pack_into("<Q", source, 0x28, table + far)
with open(out, "wb") as file:
    file.write(source[:table])
    file.seek(far)
    file.write(source[:table])
    file.seek(far + table)
    file.write(head)
    file.write(source[table + count * 64:])
