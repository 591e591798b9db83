"""Prints what a function answers, with the median of the time that it took: 7 times, after once that does not count."""

import json
import statistics
import sys
import time


def print_repeated(peer, work):
    answer = work()
    seconds = []
    cpu = []
    for _ in range(7):
        start, start_cpu = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    json.dump(
        {"peer": peer, "seconds": statistics.median(seconds), "cpuS": statistics.median(cpu), "answer": answer},
        sys.stdout,
        default=float,
    )
