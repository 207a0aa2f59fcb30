#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures the device in a guest, and beside it other things of the same guest and of
the host, all of them in each of several rounds. Writes DIRECTORY/result.json and
DIRECTORY/table.md, and prints the table.

Usage: tests/bench/run.py DIRECTORY [ROUNDS [SLICE-MS]]
"""
import contextlib
import json
import os
import platform
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import table

BUILD = os.environ.get("BUILD", "build")
QEMU = os.environ.get("VGPU_QEMU", BUILD + "/qemu/qemu-system-x86_64")
ACCEL = os.environ.get("VGPU_ACCEL", "tcg")
GUEST = os.environ.get("VGPU_GUEST", BUILD + "/guest/amd64")
KERNEL = BUILD + "/driver/6.1/vmlinuz"

# As many as tests/driver has; two processors let the guest and its device overlap.
PROCESSORS = 2
MEMORY_MIB = 768
# What vgpu-bench reads at most in one pass.
DISK_BYTES = 64 << 20

# The VM's two devices, by their vm_id. Nothing is in the way of the second's requests:
# it measures the way.
DEVICES = {
    100: ("11111111-1111-4111-8111-111111111111", "backend=opencl\ndevice=cpu\n"),
    101: ("22222222-2222-4222-8222-222222222222", "backend=null\n"),
}

# The guest is an emulated one, and the machine may be loaded.
LIMIT_S = 300


class Failed(Exception):
    """Something that is to be measured did not work."""


def start(stack, command, **options):
    """A process that ends with the stack."""
    process = subprocess.Popen(command, **options)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


class Host:
    """vgpud with a configuration for each device, in a directory of its own."""

    def __init__(self, stack, directory):
        self.directory = tempfile.mkdtemp(prefix="vgpu-bench-")
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        # The workers are other users.
        os.chmod(self.directory, 0o755)
        log = stack.enter_context(open(directory + "/vgpud.log", "w", encoding="utf-8"))
        for name in ("vms", "run", "cache"):
            os.mkdir(self.place(name), 0o755)
        for uuid, backend in DEVICES.values():
            path = self.place("vms", uuid + ".conf")
            with open(path, "w", encoding="ascii") as file:
                file.write("[vm]\n" + backend)
            os.chmod(path, 0o644)
        start(stack, [BUILD + "/vgpud/vgpud", "--config-dir", self.place("vms"),
                      "--run-dir", self.place("run"), "--cache-dir", self.place("cache"),
                      "--worker", BUILD + "/vgpud/vgpu-worker"],
              stdin=subprocess.DEVNULL, stderr=log)
        wait_until("vgpud listens", lambda: all(
            os.path.exists(self.socket(uuid)) for uuid, _ in DEVICES.values()))

    def place(self, *names):
        return os.path.join(self.directory, *names)

    def socket(self, uuid):
        return self.place("run", uuid + ".sock")


class Guest:
    """A VM that runs what is written to its console."""

    def __init__(self, stack, host, directory):
        self.console = stack.enter_context(open(directory + "/console", "wb"))
        self.output = b""
        # In memory: a disk as fast as QEMU can have one.
        self.disk = stack.enter_context(
            tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="vgpu-bench-"))
        for _ in range(DISK_BYTES >> 20):
            self.disk.write(os.urandom(1 << 20))
        self.disk.flush()
        with open(directory + "/initrd", "wb") as initrd:
            for part in (GUEST + "/initrd", directory + "/guest.cpio"):
                with open(part, "rb") as file:
                    shutil.copyfileobj(file, initrd)
        self.qemu = start(stack, self.command(host, directory), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.read_line("@@ ready")

    def command(self, host, directory):
        words = [
            QEMU, "-accel", ACCEL, "-M", "pc", "-smp", str(PROCESSORS),
            "-m", str(MEMORY_MIB), "-nodefaults", "-no-reboot",
            "-display", "none", "-vga", "none", "-serial", "stdio",
            "-kernel", KERNEL, "-initrd", directory + "/initrd",
            "-append", "console=ttyS0 quiet panic=-1 nokaslr rdinit=/driver-init"
                       " iomem=relaxed",
            "-drive", "id=disk,if=none,format=raw,cache=writeback,file="
                      + self.disk.name,
            "-device", "virtio-blk-pci,drive=disk",
        ]
        for vm_id, (uuid, _) in DEVICES.items():
            words += [
                "-chardev", "socket,id=link%d,reconnect=1,path=%s"
                            % (vm_id, host.socket(uuid)),
                "-device", "vgpu-stub,pool_id=A,priority=high,queues=4,"
                           "vm_id=%d,chardev=link%d" % (vm_id, vm_id)]
        return words

    def read_line(self, start):
        """Lines up to one that starts so; that one is the last."""
        lines = []
        deadline = time.monotonic() + LIMIT_S
        while not lines or not lines[-1].startswith(start):
            while b"\n" not in self.output:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.qemu.stdout], [], [], left)[0]:
                    raise Failed("the guest says nothing; see its console")
                some = os.read(self.qemu.stdout.fileno(), 65536)
                if not some:
                    raise Failed("the guest has ended; see its console")
                self.console.write(some)
                self.console.flush()
                self.output += some
            line, self.output = self.output.split(b"\n", 1)
            lines.append(line.decode("utf-8", "replace").rstrip("\r"))
        return lines

    def run(self, command):
        """The lines that a command prints."""
        self.qemu.stdin.write(command.encode("ascii") + b"\n")
        self.qemu.stdin.flush()
        self.read_line("@@ begin")
        lines = self.read_line("@@ end")
        if lines[-1] != "@@ end 0":
            raise Failed("%s: %s" % (command, "\n".join(lines)))
        return lines[:-1]

    def ask(self, command):
        """What a command prints, which is JSON."""
        return json.loads("\n".join(self.run(command)))

    def device(self, vm_id):
        """Which of /dev/vgpuN it is, once its link is up."""
        found = [d for d in self.ask("vgpu-smi --json")["devices"]
                 if d.get("vm_id") == vm_id and d.get("link") == "up"]
        return found[0]["device"] if found else None


def wait_until(what, condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise Failed("it did not come about that " + what)
        time.sleep(0.01)


def by_name(result):
    return {figure["name"]: figure for figure in result["figures"]}


def run_host(directory, slice_ms):
    environment = dict(os.environ, POCL_CACHE_DIR=directory + "/pocl-cache")
    output = subprocess.run([directory + "/bench-host", "1", str(slice_ms)],
                            stdout=subprocess.PIPE, env=environment, check=True).stdout
    return by_name(json.loads(output))


def measure(guest, directory, rounds, slice_ms):
    wait_until("both links are up",
               lambda: all(guest.device(vm_id) is not None for vm_id in DEVICES))
    options = " --json --rounds 1 --slice %d" % slice_ms
    one = "vgpu-bench --device %d --disk /dev/vda" % guest.device(100) + options
    two = "vgpu-bench --device %d" % guest.device(101) + options + " request"
    results = []
    for number in range(rounds):
        results.append({
            "guest": by_name(guest.ask(one)),
            "null": by_name(guest.ask(two)),
            "host": run_host(directory, slice_ms),
        })
        print("  round %d of %d" % (number + 1, rounds), flush=True)
    return results


def first_line(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          text=True).stdout.splitlines()[0]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(rounds, slice_ms):
    return {
        "accelerator": ACCEL.upper(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "guest_processors": PROCESSORS,
        "qemu": first_line(QEMU, "--version").split("version ")[1].split()[0],
        "host_kernel": platform.release(),
        "rounds": rounds,
        "slice_ms": slice_ms,
        "load_before": os.getloadavg()[0],
    }


def run(directory, rounds, slice_ms):
    machine = describe(rounds, slice_ms)
    with contextlib.ExitStack() as stack:
        host = Host(stack, directory)
        guest = Guest(stack, host, directory)
        machine["guest_kernel"] = guest.run("uname -r")[0]
        results = measure(guest, directory, rounds, slice_ms)
    machine["load_after"] = os.getloadavg()[0]
    return {"machine": machine, "rounds": results}


def main(words):
    if not 2 <= len(words) <= 4:
        sys.exit(__doc__)
    directory = os.path.abspath(words[1])
    rounds = int(words[2]) if len(words) > 2 else 21
    slice_ms = int(words[3]) if len(words) > 3 else 100
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        result = run(directory, rounds, slice_ms)
    except (Failed, OSError, subprocess.CalledProcessError) as error:
        sys.exit("bench: %s (%s/console)" % (error, directory))
    with open(directory + "/result.json", "w", encoding="ascii") as file:
        json.dump(result, file, indent=1)
    text = table.of(result)
    with open(directory + "/table.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text, end="")


if __name__ == "__main__":
    main(sys.argv)
