/* SPDX-License-Identifier: MIT */
/* The backend "opencl": one VGPU_REQUEST_RUN on the host's OpenCL device. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vgpud/backend.h"
#include "vgpud/bytes.h"
#include "vgpud/opencl.h"
#include "vgpud/opencl-arguments.h"
#include "vgpud/run.h"

/* Of a compiler's log, before it is cut to what there is room for. */
#define LOG_MAX ((size_t)VGPU_COMMAND_BYTES_MAX)

/* So that the kernel can be asked what each argument is. */
#define OWN_OPTIONS " -cl-kernel-arg-info"

/* One request on its way. */
typedef struct Job {
    const OpenCL *cl;
    const Run *run;
    BackendReply *reply;
    cl_program program;
    cl_kernel kernel;
    OpenCLArguments arguments;
    cl_int error; /* of OpenCL, the last */
    uint64_t device_ns;
} Job;

/* ---- The reply ------------------------------------------------------------------ */

static void put_head(BackendReply *reply, uint32_t status, cl_int error,
                     uint32_t flags, uint32_t data_bytes)
{
    uint8_t *head = reply->bytes;

    memset(head, 0, VGPU_RESPONSE_SIZE);
    reply->length = VGPU_RESPONSE_SIZE + data_bytes;
    BYTES_PUT(head, vgpu_response, status, status);
    BYTES_PUT(head, vgpu_response, flags, flags);
    BYTES_PUT(head, vgpu_response, bytes, reply->length);
    BYTES_PUT(head, vgpu_response, cl_status, (uint64_t)(int64_t)error);
    BYTES_PUT(head, vgpu_response, data, VGPU_RESPONSE_SIZE);
    BYTES_PUT(head, vgpu_response, data_bytes, data_bytes);
}

/* The compiler's log, as much of it as there is room for. */
static void put_log(const Job *job)
{
    BackendReply *reply = job->reply;
    size_t room = reply->room - VGPU_RESPONSE_SIZE, length = 0;
    char *log;

    job->cl->clGetProgramBuildInfo(job->program, job->cl->device,
                                   CL_PROGRAM_BUILD_LOG, 0, NULL, &length);
    length = length < LOG_MAX ? length : LOG_MAX;
    log = calloc(1, length + 1);
    if (log) {
        job->cl->clGetProgramBuildInfo(job->program, job->cl->device,
                                       CL_PROGRAM_BUILD_LOG, length, log, NULL);
        length = strlen(log);
        room = length < room ? length : room;
        memcpy(reply->bytes + VGPU_RESPONSE_SIZE, log, room);
    } else {
        room = length = 0;
    }
    put_head(reply, VGPU_RESPONSE_BUILD_FAILED, job->error,
             room < length ? VGPU_RESPONSE_LOG_TRUNCATED : 0, (uint32_t)room);
    free(log);
}

/* ---- The steps: each gives VGPU_RESPONSE_OK or what is wrong --------------------- */

static uint32_t status_of(cl_int error, uint32_t other)
{
    switch (error) {
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_RESOURCES:
    case CL_OUT_OF_HOST_MEMORY:
        return VGPU_RESPONSE_NO_MEMORY;
    case CL_DEVICE_NOT_AVAILABLE:
        return VGPU_RESPONSE_NO_DEVICE;
    case CL_INVALID_KERNEL_NAME:
        return VGPU_RESPONSE_NO_KERNEL;
    case CL_INVALID_KERNEL_ARGS:
        return VGPU_RESPONSE_NOT_CALLABLE;
    default:
        return other;
    }
}

static uint32_t build(Job *job)
{
    char options[VGPU_RUN_OPTIONS_MAX + sizeof(OWN_OPTIONS)];
    const char *source = job->run->source;
    size_t length = job->run->source_bytes;

    strcpy(options, job->run->options);
    strcat(options, OWN_OPTIONS);
    job->program = job->cl->clCreateProgramWithSource(
        job->cl->context, 1, &source, &length, &job->error);
    if (!job->program) {
        return status_of(job->error, VGPU_RESPONSE_NO_DEVICE);
    }
    job->error = job->cl->clBuildProgram(job->program, 1, &job->cl->device,
                                         options, NULL, NULL);
    if (job->error) {
        return status_of(job->error, VGPU_RESPONSE_BUILD_FAILED);
    }
    job->kernel = job->cl->clCreateKernel(job->program, job->run->name,
                                          &job->error);
    return job->kernel ? VGPU_RESPONSE_OK
                       : status_of(job->error, VGPU_RESPONSE_NOT_CALLABLE);
}

static void measure(Job *job, cl_event event)
{
    cl_ulong start = 0, end = 0;

    job->cl->clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START,
                                     sizeof(start), &start, NULL);
    job->cl->clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END,
                                     sizeof(end), &end, NULL);
    job->device_ns = end > start ? end - start : 0;
}

static uint32_t execute(Job *job)
{
    const Run *run = job->run;
    size_t global[VGPU_RUN_DIMENSIONS_MAX], local[VGPU_RUN_DIMENSIONS_MAX];
    cl_event event = NULL;
    unsigned i;

    for (i = 0; i < run->dimensions; i++) {
        global[i] = run->global[i];
        local[i] = run->local[i];
    }
    job->error = job->cl->clEnqueueNDRangeKernel(
        job->cl->queue, job->kernel, run->dimensions, NULL, global,
        run->has_local ? local : NULL, 0, NULL, &event);
    if (job->error) {
        return status_of(job->error, VGPU_RESPONSE_RUN_FAILED);
    }
    job->error = job->cl->clFinish(job->cl->queue);
    if (!job->error) {
        measure(job, event);
    }
    job->cl->clReleaseEvent(event);
    return job->error ? status_of(job->error, VGPU_RESPONSE_RUN_FAILED)
                      : VGPU_RESPONSE_OK;
}

static uint32_t do_job(Job *job)
{
    uint32_t status = build(job);

    if (status) {
        return status;
    }
    status = opencl_arguments_set(&job->arguments, job->cl, job->kernel,
                                  job->run, job->reply->bytes, &job->error);
    if (status) {
        return status_of(job->error, status);
    }
    status = execute(job);
    if (status) {
        return status;
    }
    job->error = opencl_arguments_read(&job->arguments, job->cl, job->run,
                                       job->reply->bytes);
    return job->error ? status_of(job->error, VGPU_RESPONSE_RUN_FAILED)
                      : VGPU_RESPONSE_OK;
}

static void release(Job *job)
{
    opencl_arguments_release(&job->arguments, job->cl);
    if (job->kernel) {
        job->cl->clReleaseKernel(job->kernel);
    }
    if (job->program) {
        job->cl->clReleaseProgram(job->program);
    }
}

static void answer(Job *job)
{
    uint32_t status = do_job(job);

    if (status == VGPU_RESPONSE_BUILD_FAILED) {
        put_log(job);
    } else if (status) {
        put_head(job->reply, status, job->error, 0, 0);
    } else {
        put_head(job->reply, VGPU_RESPONSE_OK, 0, 0,
                 job->run->response_bytes - VGPU_RESPONSE_SIZE);
        BYTES_PUT(job->reply->bytes, vgpu_response, device_ns, job->device_ns);
    }
    release(job);
}

/* ---- The backend ------------------------------------------------------------------ */

static int answer_request(void *state, const uint8_t *request, uint32_t bytes,
                          BackendReply *reply)
{
    Run run;
    Job job;
    uint32_t status;

    if (reply->room < VGPU_RESPONSE_SIZE) {
        return BACKEND_FAILED;
    }
    status = run_decode(&run, request, bytes, reply->room);
    if (status) {
        put_head(reply, status, 0, 0, 0);
        return 0;
    }
    memset(&job, 0, sizeof(job));
    job.cl = state;
    job.run = &run;
    job.reply = reply;
    answer(&job);
    return 0;
}

static int open_opencl(void **state, const BackendOptions *options)
{
    OpenCL *cl = calloc(1, sizeof(*cl));
    int error = cl ? opencl_open(cl, options->device) : -ENOMEM;

    if (error) {
        free(cl);
        return error;
    }
    *state = cl;
    return 0;
}

static void close_opencl(void *state)
{
    opencl_close(state);
    free(state);
}

const Backend backend_opencl = {
    "opencl",     "runs kernels on an OpenCL device of the host",
    open_opencl,  answer_request,
    close_opencl,
};
