/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vgpu/properties.h"
#include "vgpud/spawn.h"
#include "vgpud/worker-exit.h"

/* What the worker finds its two sockets at; and where ours are out of their way. */
#define DEVICE_FD  3
#define CONTROL_FD 4
#define ABOVE      10

/* Users that nobody has: behind those of containers, before what is no uid. 24 bits of a
 * hash, so that a VM keeps its own, and its cache, whatever other VMs there are. */
#define UID_BASE 0x70000000u
#define UID_MASK 0x00ffffffu

uid_t spawn_uid(const char *uuid)
{
    guint32 hash = 2166136261u; /* FNV-1a */

    while (*uuid) {
        hash = (hash ^ (guint8)*uuid++) * 16777619u;
    }
    return UID_BASE + ((hash ^ hash >> 24) & UID_MASK);
}

/* ---- Its directory -------------------------------------------------------------------- */

/* NULL: it does without. */
static char *make_cache(const SpawnOptions *options, const char *uuid,
                        uid_t uid)
{
    g_autofree char *path = NULL;
    struct stat info;

    if (!options->cache) {
        return NULL;
    }
    path = g_build_filename(options->cache, uuid, NULL);
    if (g_mkdir_with_parents(options->cache, 0711) == 0 &&
        mkdir(path, 0700) == 0 && options->is_root &&
        lchown(path, uid, uid) < 0) {
        rmdir(path);
    }
    if (lstat(path, &info) < 0 || !S_ISDIR(info.st_mode) ||
        info.st_uid != uid) {
        g_printerr("vgpud: %s: %s is no directory of its worker's user: "
                   "it has no kernel cache\n",
                   uuid, path);
        return NULL;
    }
    return g_steal_pointer(&path);
}

/* ---- Its words ---------------------------------------------------------------------------- */

static void add(GPtrArray *words, const char *option, const char *value)
{
    if (value) {
        g_ptr_array_add(words, g_strdup(option));
        g_ptr_array_add(words, g_strdup(value));
    }
}

static void add_number(GPtrArray *words, const char *option, guint32 value)
{
    g_ptr_array_add(words, g_strdup(option));
    g_ptr_array_add(words, g_strdup_printf("%u", value));
}

/* Its texts come from the tables that the numbers were read with. */
static void add_config(GPtrArray *words, const LinkConfig *config)
{
#define ADD_POOL(text, value)                          \
    if (config->has_pool && config->pool == (value)) { \
        add(words, "--pool", text);                    \
    }
#define ADD_PRIORITY(text, value)                              \
    if (config->has_priority && config->priority == (value)) { \
        add(words, "--priority", text);                        \
    }
    VGPU_POOLS(ADD_POOL)
    VGPU_PRIORITIES(ADD_PRIORITY)
    if (config->has_vm_id) {
        add_number(words, "--vm-id", config->vm_id);
    }
}

static GPtrArray *words_of(const SpawnOptions *options,
                           const VmSettings *settings)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    uid_t uid = options->is_root ? spawn_uid(settings->uuid) : geteuid();
    g_autofree char *cache = make_cache(options, settings->uuid, uid);

    g_ptr_array_add(words, g_strdup_printf("vgpu-worker-%s", settings->uuid));
    add_number(words, "--socket", DEVICE_FD);
    add_number(words, "--control", CONTROL_FD);
    if (options->is_root) {
        g_ptr_array_add(words, g_strdup("--user"));
        g_ptr_array_add(words, g_strdup_printf("%u:%u", uid, uid));
    }
    add_config(words, &settings->config);
    add(words, "--backend", settings->backend);
    add(words, "--device", settings->device);
    add(words, "--delay", settings->delay_ms);
    add(words, "--job-limit", settings->job_limit_ms);
    add(words, "--cache", cache);
    g_ptr_array_add(words, NULL);
    return words;
}

/* ---- Starting -------------------------------------------------------------------------------- */

static int start(const char *program, char **words, int device, int control,
                 pid_t *pid)
{
    static char path[] = "PATH=/usr/bin:/bin", language[] = "LANG=C";
    char *environment[] = { path, language, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, device, DEVICE_FD);
    posix_spawn_file_actions_adddup2(&actions, control, CONTROL_FD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                              POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigaddset(&set, SIGPIPE); /* what vgpud ignores, and no more */
    posix_spawnattr_setsigdefault(&attributes, &set);
    error = posix_spawn(pid, program, &actions, &attributes, words,
                        environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int spawn_worker(const SpawnOptions *options, const VmSettings *settings,
                 int device, int control, pid_t *pid)
{
    g_autoptr(GPtrArray) words = words_of(options, settings);
    int error = 0;

    device = fcntl(device, F_DUPFD_CLOEXEC, ABOVE);
    control = fcntl(control, F_DUPFD_CLOEXEC, ABOVE);
    if (device < 0 || control < 0) {
        error = errno;
    } else {
        error = start(options->worker, (char **)words->pdata, device, control,
                      pid);
    }
    if (device >= 0) {
        close(device);
    }
    if (control >= 0) {
        close(control);
    }
    return error;
}

char *spawn_end_text(int status)
{
    if (WIFSIGNALED(status)) {
        return g_strdup_printf("ended by signal %d (%s)", WTERMSIG(status),
                               g_strsignal(WTERMSIG(status)));
    }
    switch (WEXITSTATUS(status)) {
#define TEXT_OF(name, code, text) \
    case WORKER_EXIT_##name:      \
        return g_strdup(text);
        WORKER_EXITS(TEXT_OF)
#undef TEXT_OF
    default:
        return g_strdup_printf("exit code %d", WEXITSTATUS(status));
    }
}
