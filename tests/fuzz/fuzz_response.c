/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: what libvgpu makes of a response of the host's. Whatever comes, outputs are
 * written with "done" only and no further than they are long, and a log ends in time.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

#define ROOM  256
#define FIRST 20
#define LAST  48

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check(int ret, const VgpuKernelResult *result, const uint8_t *first,
                  const uint8_t *last, uint64_t length)
{
    uint8_t before[LAST];

    memset(before, 0xee, sizeof(before));
    must(ret == 0 || ret == VGPU_KERNEL_FAILED || ret == -EPROTO);
    must((ret == 0) ==
         (ret != -EPROTO && result->response == VGPU_RESPONSE_OK));
    if (ret != 0) {
        must(memcmp(first, before, FIRST) == 0);
        must(memcmp(last, before, LAST) == 0);
    }
    if (result->log) {
        must(ret == VGPU_KERNEL_FAILED);
        must(result->response == VGPU_RESPONSE_BUILD_FAILED);
        must(strlen(result->log) <= length - VGPU_RESPONSE_SIZE);
    }
}

/* A right response, in which the input then changes some bytes: chance does not come
 * by one. */
static void make_response(uint8_t *bytes, const uint8_t *input, size_t size)
{
    const struct vgpu_response head = {
        .status = input[0] & 2 ? VGPU_RESPONSE_BUILD_FAILED : VGPU_RESPONSE_OK,
        .bytes = VGPU_RESPONSE_SIZE + 80,
        .data = VGPU_RESPONSE_SIZE,
        .data_bytes = 80,
    };

    memcpy(bytes, &head, sizeof(head));
    for (input++, size--; size >= 2; input += 2, size -= 2) {
        bytes[input[0] % VGPU_RESPONSE_SIZE] = input[1];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t first[FIRST], last[LAST];
    const VgpuArgument arguments[] = {
        { VGPU_ARGUMENT_OUT, NULL, first, FIRST },
        { VGPU_ARGUMENT_LOCAL, NULL, NULL, 8 },
        { VGPU_ARGUMENT_INOUT, "", last, LAST },
    };
    const VgpuKernel kernel = {
        .source = "x", .name = "k", .arguments = arguments, .argument_count = 3
    };
    VgpuKernelResult result = { 0 };
    static Request request;
    size_t length;
    uint8_t *bytes;
    int ret;

    if (!size) {
        return 0;
    }
    must(request_plan(&request, &kernel) == 0);
    request.room = ROOM;
    memset(first, 0xee, FIRST);
    memset(last, 0xee, LAST);
    length = data[0] & 1 ? VGPU_RESPONSE_SIZE + 80 : size - 1;
    bytes = calloc(1, length ? length : 1); /* so that a byte beyond is seen */
    must(bytes != NULL);
    if (data[0] & 1) {
        make_response(bytes, data, size);
    } else {
        memcpy(bytes, data + 1, length);
    }
    ret = request_finish(&request, bytes, length, &result);
    check(ret, &result, first, last, length);
    /* Without a change it is right. */
    must(size != 1 || data[0] != 1 || ret == 0);
    free(result.log);
    free(bytes);
    return 0;
}
