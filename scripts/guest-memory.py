#!/usr/bin/env python3
"""guest-memory.py CLIENTS COMMAND…: runs COMMAND, a load of CLIENTS clients whose server is in QEMU's user mode and writes
its process id to the file $PID_FILE. Prints the KiB of memory that each client after the first 100 took.

QEMU keeps some 600 KiB a thread of its own. What it maps for the program that it runs lies in one range of addresses, so
that alone is summed."""

import os
import statistics
import subprocess
import sys
import time

# Where QEMU 7 and newer puts a 64-bit program on a 64-bit machine: far below what the kernel gives QEMU itself.
GUEST = range(1 << 38, 6 << 36)
INTERVAL_SECONDS = 0.2
# The load goes from so many clients to CLIENTS, and rests at both.
FIRST_STEP = 100
# More than a server has beside its clients': those of its own, and the lobby's.
OTHER_THREADS = 50


def sample(pid):
    """Threads of the process, and the KiB of the guest that are resident."""
    resident = 0
    is_guest = False
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            word, _, rest = line.partition(" ")
            if not word.endswith(":"):
                is_guest = int(word.split("-")[0], 16) in GUEST
            elif is_guest and word == "Rss:":
                resident += int(rest.split()[0])
    return len(os.listdir(f"/proc/{pid}/task")), resident


def plateau(samples, clients):
    """The memory while so many clients were there and did nothing: then the number of threads stays what it is."""
    there = [(threads, kib) for threads, kib in samples if clients <= threads < clients + OTHER_THREADS]
    if not there:
        sys.exit(f"guest-memory: {clients} clients were never there")
    usual = statistics.mode(threads for threads, _ in there)
    return statistics.median(kib for threads, kib in there if threads == usual)


def main():
    clients = int(sys.argv[1])
    samples = []
    with subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL) as load:
        while load.poll() is None:
            try:
                with open(os.environ["PID_FILE"], encoding="utf-8") as file:
                    samples.append(sample(file.read().strip()))
            except OSError:
                pass  # not there yet, or not any more
            time.sleep(INTERVAL_SECONDS)
    if load.returncode:
        sys.exit(f"guest-memory: the load ended with {load.returncode}")
    more = plateau(samples, clients) - plateau(samples, FIRST_STEP)
    print(f"{more / (clients - FIRST_STEP):.1f}")


main()
