#!/usr/bin/env python3
"""Runs a program under what a unit of systemd promises, without systemd: confined.py UNIT STATE PROGRAM ARGUMENT...

What is kept of the unit: another user, no capability and no way to one, no memory that is written and run, the system
calls of SystemCallFilter= and the sockets of RestrictAddressFamilies= alone, and a file system that is read-only but for
the folder STATE. As root, or as anybody in a user namespace (then the user stays who it is). Linux on x86-64 and arm64.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import subprocess
import sys

NOBODY = 65534
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_MDWE = 24, 38, 22, 65
SECCOMP_MODE_FILTER = 2
CLONE_NEWNS = 0x20000
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# What of BPF is needed: load a word of the call, compare, answer.
LOAD, JUMP_IF_EQUAL, ANSWER = 0x20, 0x15, 0x06
CALL_NUMBER, CALL_ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, *arguments):
    arguments = [ctypes.c_ulong(argument) for argument in arguments]
    arguments += [ctypes.c_ulong(0)] * (4 - len(arguments))
    if libc.prctl(option, *arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def settings(unit, name):
    """The values of each line NAME=..., in order."""
    with open(unit, encoding="utf-8") as lines:
        pairs = [line.strip().split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    return [value.split() for key, value in pairs if key == name]


def call_sets():
    """systemd's sets of system calls: @name to what is in it."""
    said = subprocess.run(["systemd-analyze", "syscall-filter"], check=True, capture_output=True, text=True).stdout
    sets, current = {}, None
    for line in said.splitlines():
        word = line.strip()
        if line.startswith("@"):
            current = sets.setdefault(word, set())
        elif word and not word.startswith("#") and line.startswith(" ") and current is not None:
            current.add(word)
    return sets


def expanded(names, sets):
    calls = set()
    for name in names:
        calls |= expanded(sets[name], sets) if name.startswith("@") else {name}
    return calls


def allowed_calls(unit):
    sets, allowed = call_sets(), set()
    for names in settings(unit, "SystemCallFilter"):
        if names[0].startswith("~"):
            allowed -= expanded([names[0][1:], *names[1:]], sets)
        else:
            allowed |= expanded(names, sets)
    # Which systemd allows in any case.
    return allowed | expanded(["@default"], sets)


def call_numbers():
    asked = subprocess.run(
        ["cc", "-E", "-dM", "-include", "sys/syscall.h", "-"], check=True, capture_output=True, text=True, input=""
    )
    words = [line.split() for line in asked.stdout.splitlines()]
    numbered = [line for line in words if len(line) == 3 and line[1].startswith("__NR_") and line[2].isdigit()]
    return {line[1].removeprefix("__NR_"): int(line[2]) for line in numbered}


def filter_program(calls, families):
    """BPF for the kernel: what is not in the lists is refused."""
    numbers = call_numbers()
    program = [
        (LOAD, 0, 0, CALL_ARCHITECTURE),
        (JUMP_IF_EQUAL, 1, 0, ARCHITECTURES[platform.machine()]),
        (ANSWER, 0, 0, KILL),
        (LOAD, 0, 0, CALL_NUMBER),
    ]
    for call in sorted(calls - {"socket"}):
        if call in numbers:
            program += [(JUMP_IF_EQUAL, 0, 1, numbers[call]), (ANSWER, 0, 0, ALLOW)]
    program += [(JUMP_IF_EQUAL, 1, 0, numbers["socket"]), (ANSWER, 0, 0, REFUSE | errno.EPERM)]
    program += [(LOAD, 0, 0, FIRST_ARGUMENT)]
    for family in families:
        program += [(JUMP_IF_EQUAL, 0, 1, family), (ANSWER, 0, 0, ALLOW)]
    return program + [(ANSWER, 0, 0, REFUSE | errno.EAFNOSUPPORT)]


def install(program):
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    described = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer)))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(described))


def mount_read_only(state):
    """In a view of the file system that is this program's alone."""
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "no file system of its own")
    for command in (["--make-rprivate", "/"], ["--bind", state, state], ["-o", "remount,bind,ro", "/"]):
        subprocess.run(["mount", *command], check=True)


def give_up_rights():
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as last:
        for capability in range(int(last.read()) + 1):
            prctl(PR_CAPBSET_DROP, capability)
    with open("/proc/self/uid_map", encoding="ascii") as mapped:
        users = int(mapped.readline().split()[2])
    # In a user namespace of somebody without rights there is no other user.
    if users > NOBODY:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def main():
    unit, state, *command = sys.argv[1:]
    families = [getattr(socket, name) for line in settings(unit, "RestrictAddressFamilies") for name in line]
    program = filter_program(allowed_calls(unit), families)
    os.umask(int(settings(unit, "UMask")[0][0], 8))
    mount_read_only(state)
    give_up_rights()
    try:
        prctl(PR_SET_MDWE, 1)
    except OSError as error:
        # Kernels before 6.3 do not know it.
        if error.errno != errno.EINVAL:
            raise
    install(program)
    os.execv(command[0], command)


main()
