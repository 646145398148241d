/* SPDX-License-Identifier: Apache-2.0 */
#include "files/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/integer.h"

enum { CHUNK = 1 << 16, RAW = -MAX_WBITS /* neither zlib's header nor gzip's */ };

struct poolgrad_inflater {
    z_stream stream;
    FILE *file;
    int64_t left; /* stored bytes that were not read from the file */
    unsigned char chunk[CHUNK];
};

bool poolgrad_can_inflate(void)
{
    return true;
}

struct poolgrad_inflater *poolgrad_inflater_create(FILE *file, int64_t stored)
{
    struct poolgrad_inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater) return NULL;
    inflater->file = file;
    inflater->left = stored;
    if (inflateInit2(&inflater->stream, RAW) == Z_OK) return inflater;
    free(inflater);
    return NULL;
}

static void refill(struct poolgrad_inflater *inflater)
{
    const size_t wanted = (size_t)poolgrad_min(inflater->left, CHUNK);
    const size_t got = fread(inflater->chunk, 1, wanted, inflater->file);
    inflater->stream.next_in = inflater->chunk;
    inflater->stream.avail_in = (uInt)got;
    inflater->left = got < wanted ? 0 : inflater->left - (int64_t)got;
}

size_t poolgrad_inflater_read(struct poolgrad_inflater *inflater, void *data, size_t count)
{
    z_stream *const stream = &inflater->stream;
    unsigned char *const bytes = data;
    for (size_t done = 0; done < count; done = (size_t)(stream->next_out - bytes)) {
        if (stream->avail_in == 0) refill(inflater);
        stream->next_out = bytes + done;
        stream->avail_out = (uInt)poolgrad_min((int64_t)(count - done), CHUNK);
        if (inflate(stream, Z_NO_FLUSH) != Z_OK) return (size_t)(stream->next_out - bytes);
    }
    return count;
}

void poolgrad_inflater_destroy(struct poolgrad_inflater *inflater)
{
    if (inflater) (void)inflateEnd(&inflater->stream);
    free(inflater);
}
