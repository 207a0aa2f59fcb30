/* SPDX-License-Identifier: MIT */
/* Loading the host's OpenCL and choosing a device of it. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "vgpud/log.h"
#include "vgpud/opencl.h"

/* More than any host has. */
#define PLATFORMS_MAX 16
#define DEVICES_MAX   64
#define NAME_MAX_     256

static int load(OpenCL *cl)
{
    cl->library = dlopen(OPENCL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!cl->library) {
        log_say("no OpenCL on this host: %s", dlerror());
        return -ENOENT;
    }
#define LOAD(name)                                      \
    *(void **)&cl->name = dlsym(cl->library, #name);    \
    if (!cl->name) {                                    \
        log_say("%s has no %s", OPENCL_LIBRARY, #name); \
        return -ENOSYS;                                 \
    }
    OPENCL_CALLS(LOAD)
#undef LOAD
    return 0;
}

static int type_is(cl_device_type type, const char *wanted)
{
    return (strcmp(wanted, "cpu") == 0 && (type & CL_DEVICE_TYPE_CPU)) ||
           (strcmp(wanted, "gpu") == 0 && (type & CL_DEVICE_TYPE_GPU)) ||
           (strcmp(wanted, "accelerator") == 0 &&
            (type & CL_DEVICE_TYPE_ACCELERATOR));
}

static int is_wanted(const OpenCL *cl, cl_device_id device, const char *wanted)
{
    char name[NAME_MAX_] = "";
    cl_device_type type = 0;

    if (!wanted) {
        return 1;
    }
    cl->clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof(type), &type, NULL);
    cl->clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof(name) - 1, name, NULL);
    return type_is(type, wanted) || strstr(name, wanted) != NULL;
}

static int choose(OpenCL *cl, const char *wanted)
{
    cl_platform_id platform[PLATFORMS_MAX];
    cl_device_id device[DEVICES_MAX];
    cl_uint platforms = 0, devices, i, j;

    if (cl->clGetPlatformIDs(PLATFORMS_MAX, platform, &platforms)) {
        platforms = 0;
    }
    for (i = 0; i < platforms && i < PLATFORMS_MAX; i++) {
        devices = 0;
        if (cl->clGetDeviceIDs(platform[i], CL_DEVICE_TYPE_ALL, DEVICES_MAX,
                               device, &devices)) {
            continue;
        }
        for (j = 0; j < devices && j < DEVICES_MAX; j++) {
            if (is_wanted(cl, device[j], wanted)) {
                cl->device = device[j];
                return 0;
            }
        }
    }
    log_say("no OpenCL device%s%s", wanted ? " that is or is called " : "",
            wanted ? wanted : "");
    return -ENODEV;
}

static int begin(OpenCL *cl)
{
    cl_int error;

    cl->context = cl->clCreateContext(NULL, 1, &cl->device, NULL, NULL, &error);
    if (cl->context) {
        cl->queue = cl->clCreateCommandQueue(cl->context, cl->device,
                                             CL_QUEUE_PROFILING_ENABLE, &error);
    }
    if (!cl->queue) {
        log_say("the OpenCL device cannot be used: error %d", error);
        return -EIO;
    }
    return 0;
}

int opencl_open(OpenCL *cl, const char *wanted)
{
    int error;

    memset(cl, 0, sizeof(*cl));
    error = load(cl);
    if (!error) {
        error = choose(cl, wanted);
    }
    if (!error) {
        error = begin(cl);
    }
    if (error) {
        opencl_close(cl);
    }
    return error;
}

void opencl_close(OpenCL *cl)
{
    if (cl->queue) {
        cl->clReleaseCommandQueue(cl->queue);
    }
    if (cl->context) {
        cl->clReleaseContext(cl->context);
    }
    /* Runtimes have threads that do not end with it: the library stays. */
}
