/* SPDX-License-Identifier: MIT */
/*
 * The places on the host that vgpuctl, the shim, vgpud and the tests share. Those of
 * XCP-ng are fixed there: qemu-wrapper has QEMU's path in its text.
 */
#ifndef VGPU_SHIM_PATHS_H
#define VGPU_SHIM_PATHS_H

/* The environment variable that is put before each of these: a dom0 in a
 * directory. Only root's own toolstack sets the environment of a wrapper. */
#define ROOT_VARIABLE "VGPU_ROOT"

/* XCP-ng's. */
#define HOST_QEMU        "/usr/lib64/xen/bin/qemu-system-i386"
#define HOST_WRAPPER     "/usr/lib64/xen/bin/qemu-wrapper"
#define HOST_CONFIG_DIR  "/etc/xenopsd.conf.d"
#define HOST_WRAPPER_KEY "upstream-compat-qemu-dm-wrapper"
#define HOST_QMP_LIBXL   "/var/run/xen/qmp-libxl-"
#define HOST_DAEMON_LOG  "/var/log/daemon.log"

/* Ours. */
#define SHIM_WRAPPER    "/usr/libexec/vgpu/qemu-wrapper"
#define SHIM_QEMU_ARGS  "/usr/libexec/vgpu/qemu-args"
#define SHIM_ALLOW_ARGS "/etc/vgpu/allow-args"
/* A VM's socket is SHIM_SOCKET(its uuid, a literal or "%s") and no other. */
#define SHIM_SOCKET_DIR    "/run/vgpu"
#define SHIM_SOCKET_SUFFIX ".sock"
#define SHIM_SOCKET(uuid)  SHIM_SOCKET_DIR "/" uuid SHIM_SOCKET_SUFFIX
/* SHIM_SOCKET_DIR/<uuid><this>: the name of the root, one of /var/xen/qemu, that the
 * wrapper is going to lock the VM's QEMU into. vgpud makes a socket there (docs/vgpud.md). */
#define SHIM_NOTE_SUFFIX ".root"
/* The QEMU that has been seen to have the device, by what stat() says. */
#define SHIM_CACHE "/run/vgpu-qemu-args"

/* The platform key that holds what a VM asks for, in XAPI and below
 * /local/domain/<domid>/platform/ in xenstore; and the spelling that another
 * wrapper may read by itself. */
#define ARGS_KEY       "device-model-args"
#define ARGS_KEY_OTHER "device_model_args"

#endif /* VGPU_SHIM_PATHS_H */
