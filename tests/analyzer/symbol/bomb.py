#!/usr/bin/env python3
"""bomb.py KIND IN OUT: the 64-bit ELF file IN, which then wants more memory than it is:
zlib, zstd   a .debug_info that says, and is, 2 GiB of zeroes in some 2 MiB or 64 KiB
claim        one that says it is 2^60 bytes
zeroes       a .debug_info of 3 GiB, all of them a hole of the file
names        a .symtab of 3 GiB, likewise
"""
import os
import struct
import sys
import zlib

CHUNK, CHUNKS = 1 << 20, 2048
SIZE = CHUNK * CHUNKS
HOLE = 3 << 30


def packed_zlib():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = packer.compress(bytes(CHUNK)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    # of zeroes: one, and so many times one
    adler = (SIZE % 65521) << 16 | 1
    return b"\x78\xda" + chunk * CHUNKS + end + struct.pack(">I", adler)


def packed_zstd():
    # RFC 8878: a frame with its size, blocks of 128 KiB of one byte each. Beyond what
    # deflate could do is refused: filled up to that.
    block = 128 << 10
    head = struct.pack("<IBQ", 0xFD2FB528, 0xE0, SIZE)
    blocks = SIZE // block
    body = b"".join(
        struct.pack("<I", (block << 3) | 2 | (i + 1 == blocks))[:3] + b"\0"
        for i in range(blocks)
    )
    frame = head + body
    # a frame that is skipped
    padding = SIZE // 1032 + 64 - len(frame)
    return frame + struct.pack("<II", 0x184D2A50, padding) + bytes(padding)


def section(source, wanted):
    table, = struct.unpack_from("<Q", source, 0x28)
    count, names = struct.unpack_from("<HH", source, 0x3C)
    text, = struct.unpack_from("<Q", source, table + names * 64 + 24)
    for i in range(count):
        at = table + i * 64
        name, = struct.unpack_from("<I", source, at)
        if source[text + name:].startswith(wanted + b"\0"):
            return at
    sys.exit("no " + wanted.decode())


kind, path, out = sys.argv[1:]
source = bytearray(open(path, "rb").read())
at = section(source, b".symtab" if kind == "names" else b".debug_info")
if kind in ("zeroes", "names"):
    start = (len(source) + 4095) & ~4095
    struct.pack_into("<QQ", source, at + 24, start, HOLE)
    with open(out, "wb") as file:
        file.write(source)
        file.truncate(start + HOLE)
    sys.exit()
method, size, stream = {
    "zlib": lambda: (1, SIZE, packed_zlib()),
    "zstd": lambda: (2, SIZE, packed_zstd()),
    "claim": lambda: (1, 1 << 60, zlib.compress(bytes(4096))),
}[kind]()
packed = struct.pack("<IIQQ", method, 0, size, 1) + stream
struct.pack_into("<Q", source, at + 8, 0x800)  # SHF_COMPRESSED
struct.pack_into("<QQ", source, at + 24, len(source), len(packed))
open(out, "wb").write(source + packed)
