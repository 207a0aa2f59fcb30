/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is smaller is copied: that costs less than one more segment of the device's. */
#define IN_PLACE_MIN 0x4000

/* Bytes of a compiler's log that are asked for, as far as there is room: a screen
 * or two for each of a few dozen errors. */
#define LOG_ROOM 0x4000

/* The smallest page that Linux has. */
#define PAGE 0x1000

/* Buffers beside those in place: the head, and the response. */
#define OWN_BUFFERS 2

/* ---- What goes where ------------------------------------------------------------ */

static bool has_contents(uint32_t kind)
{
    return kind == VGPU_ARGUMENT_SCALAR || kind == VGPU_ARGUMENT_IN ||
           kind == VGPU_ARGUMENT_INOUT;
}

static bool is_output(uint32_t kind)
{
    return kind == VGPU_ARGUMENT_OUT || kind == VGPU_ARGUMENT_INOUT;
}

static bool is_kind(uint32_t kind)
{
    return has_contents(kind) || is_output(kind) || kind == VGPU_ARGUMENT_LOCAL;
}

static size_t round_up(size_t size)
{
    return (size + VGPU_OUTPUT_ALIGN - 1) & ~(size_t)(VGPU_OUTPUT_ALIGN - 1);
}

static size_t table_bytes(const Request *request)
{
    return (size_t)request->kernel->argument_count * VGPU_RUN_ARGUMENT_SIZE;
}

static unsigned piece_count(const Request *request)
{
    return REQUEST_TEXTS + request->kernel->argument_count;
}

static void take_text(RequestPiece *piece, const char *text)
{
    *piece = (RequestPiece){ .bytes = text, .size = strlen(text) };
}

/* Sums do not overflow: a piece has VGPU_COMMAND_BYTES_MAX at most, and they are
 * few. */
static int take_argument(Request *request, unsigned i)
{
    const VgpuArgument *argument = &request->kernel->arguments[i];
    RequestPiece *piece = &request->piece[REQUEST_TEXTS + i];

    *piece = (RequestPiece){ .bytes = NULL };
    if (!is_kind(argument->kind) || !argument->size) {
        return -EINVAL;
    }
    if (argument->size > VGPU_COMMAND_BYTES_MAX) {
        return -EMSGSIZE;
    }
    if (has_contents(argument->kind)) {
        *piece = (RequestPiece){ .bytes = argument->in,
                                 .size = argument->size };
    }
    if (is_output(argument->kind)) {
        request->output_bytes += round_up(argument->size);
    }
    return 0;
}

static int take_pieces(Request *request, const VgpuKernel *kernel)
{
    unsigned i;
    int ret = 0;

    take_text(&request->piece[0], kernel->source);
    take_text(&request->piece[1], kernel->name);
    take_text(&request->piece[2], kernel->options ? kernel->options : "");
    for (i = 0; i < REQUEST_TEXTS; i++) {
        if (request->piece[i].size > VGPU_COMMAND_BYTES_MAX) {
            return -EMSGSIZE;
        }
    }
    for (i = 0; ret == 0 && i < kernel->argument_count; i++) {
        ret = take_argument(request, i);
    }
    return ret;
}

static int measure(Request *request)
{
    const unsigned count = piece_count(request);
    unsigned i;

    request->bytes = VGPU_RUN_SIZE + table_bytes(request);
    for (i = 0; i < count; i++) {
        request->bytes += request->piece[i].size;
    }
    request->room = VGPU_RESPONSE_SIZE + request->output_bytes;
    if (request->bytes + request->room > VGPU_COMMAND_BYTES_MAX) {
        return -EMSGSIZE;
    }
    if (request->room < VGPU_RESPONSE_SIZE + LOG_ROOM) {
        const size_t left = VGPU_COMMAND_BYTES_MAX - request->bytes;

        request->room = left < VGPU_RESPONSE_SIZE + LOG_ROOM
                            ? left
                            : VGPU_RESPONSE_SIZE + LOG_ROOM;
    }
    return 0;
}

/* Pages that a buffer touches at most, wherever it lies. */
static size_t pages(size_t size)
{
    return size / PAGE + 2;
}

/* What is large stays where it is, as far as there are buffers. Pages that are
 * scattered are a segment each, and a command has not so many of them: where that
 * could be too many, all is copied. */
static void choose_places(Request *request)
{
    const unsigned count = piece_count(request);
    unsigned buffers = OWN_BUFFERS, i;
    size_t touched = pages(request->room), head = request->bytes;

    for (i = 0; i < count && buffers < VGPU_BUFFERS_MAX; i++) {
        RequestPiece *piece = &request->piece[i];

        if (piece->size >= IN_PLACE_MIN) {
            piece->in_place = true;
            buffers++;
            touched += pages(piece->size);
            head -= piece->size;
        }
    }
    if (touched + pages(head) > VGPU_SEGMENTS_MAX) {
        for (i = 0; i < count; i++) {
            request->piece[i].in_place = false;
        }
        head = request->bytes;
    }
    request->head_bytes = head;
}

static void place(Request *request)
{
    const unsigned count = piece_count(request);
    size_t copied = VGPU_RUN_SIZE + table_bytes(request);
    size_t in_place = request->head_bytes;
    unsigned i;

    for (i = 0; i < count; i++) {
        RequestPiece *piece = &request->piece[i];
        size_t *end = piece->in_place ? &in_place : &copied;

        piece->offset = (uint32_t)*end;
        *end += piece->size;
    }
}

int request_plan(Request *request, const VgpuKernel *kernel)
{
    int ret;

    if (kernel->argument_count > VGPU_RUN_ARGUMENTS_MAX) {
        return -EINVAL;
    }
    request->kernel = kernel;
    request->output_bytes = 0;
    ret = take_pieces(request, kernel);
    if (ret == 0) {
        ret = measure(request);
    }
    if (ret == 0) {
        choose_places(request);
        place(request);
    }
    return ret;
}

/* ---- The request ---------------------------------------------------------------- */

static void write_header(const Request *request, uint8_t *head)
{
    const VgpuKernel *kernel = request->kernel;
    const RequestPiece *piece = request->piece;
    struct vgpu_run run = {
        .kind = htole32(VGPU_REQUEST_RUN),
        .bytes = htole32((uint32_t)request->bytes),
        .dimensions = htole32(kernel->dimensions),
        .source = htole32(piece[0].offset),
        .source_bytes = htole32((uint32_t)piece[0].size),
        .name = htole32(piece[1].offset),
        .name_bytes = htole32((uint32_t)piece[1].size),
        .options = htole32(piece[2].offset),
        .options_bytes = htole32((uint32_t)piece[2].size),
        .arguments = htole32(VGPU_RUN_SIZE),
        .argument_count = htole32(kernel->argument_count),
    };
    unsigned i;

    for (i = 0; i < VGPU_RUN_DIMENSIONS_MAX; i++) {
        run.global[i] = htole64(kernel->global[i]);
        run.local[i] = htole64(kernel->local[i]);
    }
    memcpy(head, &run, sizeof(run));
}

static void write_table(const Request *request, uint8_t *head)
{
    unsigned i;

    for (i = 0; i < request->kernel->argument_count; i++) {
        const VgpuArgument *argument = &request->kernel->arguments[i];
        const RequestPiece *piece = &request->piece[REQUEST_TEXTS + i];
        const struct vgpu_run_argument entry = {
            .kind = htole32(argument->kind),
            .bytes = htole32((uint32_t)argument->size),
            .data = htole32(piece->size ? piece->offset : 0),
        };

        memcpy(head + VGPU_RUN_SIZE + (size_t)i * VGPU_RUN_ARGUMENT_SIZE,
               &entry, sizeof(entry));
    }
}

static void add_buffer(Request *request, const void *bytes, size_t size,
                       uint32_t flags)
{
    request->buffers[request->buffer_count++] = (VgpuBuffer){
        (void *)(uintptr_t)bytes, size, flags
    };
}

void request_write(Request *request, uint8_t *head, uint8_t *response)
{
    const unsigned count = piece_count(request);
    unsigned i;

    request->buffer_count = 0;
    add_buffer(request, head, request->head_bytes, 0);
    write_header(request, head);
    write_table(request, head);
    for (i = 0; i < count; i++) {
        const RequestPiece *piece = &request->piece[i];

        if (piece->in_place) {
            add_buffer(request, piece->bytes, piece->size, 0);
        } else if (piece->size) {
            memcpy(head + piece->offset, piece->bytes, piece->size);
        }
    }
    add_buffer(request, response, request->room, VGPU_BUFFER_WRITE);
}

/* ---- The response --------------------------------------------------------------- */

/* A copy of the head, in the host's byte order. */
static struct vgpu_response read_head(const uint8_t *bytes)
{
    struct vgpu_response head;

    memcpy(&head, bytes, sizeof(head));
    head.status = le32toh(head.status);
    head.flags = le32toh(head.flags);
    head.bytes = le32toh(head.bytes);
    head.cl_status = (int32_t)le32toh((uint32_t)head.cl_status);
    head.data = le32toh(head.data);
    head.data_bytes = le32toh(head.data_bytes);
    head.device_ns = le64toh(head.device_ns);
    return head;
}

/* Behind the head, and in what was received. */
static bool data_is_inside(const struct vgpu_response *head)
{
    return head->data >= VGPU_RESPONSE_SIZE && head->data <= head->bytes &&
           head->data_bytes <= head->bytes - head->data;
}

static void copy_outputs(const Request *request, const uint8_t *data)
{
    unsigned i;

    for (i = 0; i < request->kernel->argument_count; i++) {
        const VgpuArgument *argument = &request->kernel->arguments[i];

        if (is_output(argument->kind)) {
            memcpy(argument->out, data, argument->size);
            data += round_up(argument->size);
        }
    }
}

static char *copy_log(const uint8_t *data, size_t size)
{
    char *log = malloc(size + 1);

    if (log) {
        memcpy(log, data, size);
        log[size] = '\0';
    }
    return log;
}

int request_finish(const Request *request, const uint8_t *response,
                   uint64_t length, VgpuKernelResult *result)
{
    struct vgpu_response head;

    if (length < VGPU_RESPONSE_SIZE || length > request->room) {
        return -EPROTO;
    }
    head = read_head(response);
    if (head.bytes != length || head.flags & ~VGPU_RESPONSE_LOG_TRUNCATED ||
        !data_is_inside(&head)) {
        return -EPROTO;
    }
    if (head.status == VGPU_RESPONSE_OK) {
        if (head.data_bytes != request->output_bytes) {
            return -EPROTO;
        }
        copy_outputs(request, response + head.data);
    } else if (head.status == VGPU_RESPONSE_BUILD_FAILED) {
        result->log = copy_log(response + head.data, head.data_bytes);
        result->log_truncated = (head.flags & VGPU_RESPONSE_LOG_TRUNCATED) != 0;
    }
    result->response = head.status;
    result->cl_status = head.cl_status;
    result->device_ns = head.device_ns;
    return head.status == VGPU_RESPONSE_OK ? 0 : VGPU_KERNEL_FAILED;
}

const char *vgpu_response_text(uint32_t response)
{
    switch (response) {
#define TEXT_OF(name, value, text) \
    case VGPU_RESPONSE_##name:     \
        return text;
        VGPU_RESPONSES(TEXT_OF)
#undef TEXT_OF
    default:
        return "an answer that this library does not know";
    }
}
