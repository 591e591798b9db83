"""Prints what a function answers, with the median of the time that it took: 7 times or 5 seconds long, after once that does not count."""

import json
import statistics
import sys
import time

ENOUGH_S = 5


def print_repeated(peer, work):
    answer = work()
    seconds = []
    cpu = []
    end = time.perf_counter() + ENOUGH_S
    while len(seconds) < 7 and (not seconds or time.perf_counter() < end):
        start, start_cpu = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    json.dump(
        {"peer": peer, "seconds": statistics.median(seconds), "cpuS": statistics.median(cpu), "answer": answer},
        sys.stdout,
        default=float,
    )
