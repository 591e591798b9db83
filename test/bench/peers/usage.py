"""When the process ends, writes what it cost to the file that BENCH_USAGE names."""

import atexit
import json
import os
import resource


def _peak_kib():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _write():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.environ["BENCH_USAGE"], "w") as file:
        json.dump({"cpuS": used.ru_utime + used.ru_stime, "peakMiB": _peak_kib() / 1024}, file)


if "BENCH_USAGE" in os.environ:
    atexit.register(_write)
