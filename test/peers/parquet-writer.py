"""Writes Parquet with what pyarrow can keep beside the cells: page indexes, bloom filters, checksums of pages. JSON in: {path, how}; JSON out: the rows."""

import hashlib
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 60_000

HOW = {
    "as pyarrow does by itself": {},
    "with page indexes, bloom filters and checksums, pages of version 2": {
        "write_page_index": True,
        "write_page_checksum": True,
        "data_page_version": "2.0",
        "bloom_filter_options": {"id": {"ndv": ROWS}, "s": {"ndv": 500}},
    },
    "without dictionaries and compression": {"use_dictionary": False, "compression": "none", "write_page_index": True},
    "with zstd and split bytes": {"compression": "zstd", "use_dictionary": ["s"], "use_byte_stream_split": ["x"]},
}

question = json.load(sys.stdin)
numbers = range(ROWS)
table = pa.table(
    {
        "id": pa.array(numbers),
        "x": pa.array([(i * 2654435761 % 2**32) / 7 for i in numbers]),
        "s": pa.array([None if i % 11 == 0 else f"g{i * 7919 % 500}" for i in numbers]),
        "list": pa.array([[i, None] if i % 2 else [] for i in numbers]),
        "struct": pa.array([{"a": i, "b": str(i)} for i in numbers]),
        "wide": pa.array([hashlib.sha512(b"%d" % i).hexdigest() for i in numbers]),
        "y": pa.array([i % 2 == 0 for i in numbers]),
    }
)
options = {"row_group_size": 20_000, "compression": "none", **HOW[question["how"]]}
pq.write_table(table, question["path"], **options)
json.dump(ROWS, sys.stdout)
