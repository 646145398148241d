/* SPDX-License-Identifier: Apache-2.0 */
/* The format is PKWARE's .ZIP application note; its sections are named where their fields are read. */
#include "files/npz.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "base/refusal.h"

enum {
    LOCAL = 30,            /* 4.3.7: bytes of a local header before the name */
    ENTRY = 46,            /* 4.3.12: of a directory's entry */
    END = 22,              /* 4.3.16: of the end record before its comment */
    MOST_COMMENT = 0xffff, /* bytes */
    MOST_DIRECTORY = 1 << 24,
    ENCRYPTED = 1,
    STORED = 0,
    DEFLATED = 8
};

static const unsigned char local_magic[] = {'P', 'K', 3, 4}, entry_magic[] = {'P', 'K', 1, 2},
                           end_magic[] = {'P', 'K', 5, 6};
static const int64_t elsewhere = UINT32_MAX; /* 4.5.3: the number stands in a zip64 record */

/* The archive's directory, in memory. */
struct directory {
    unsigned char *bytes;
    int64_t size;
    int64_t offset; /* in the file: members end before it */
    int count;
};

struct entry {
    const char *name; /* not terminated */
    int name_length;
    int flags, method;
    uint32_t checksum;
    int64_t stored, size, offset;
};

static int two(const unsigned char *bytes)
{
    return bytes[0] | bytes[1] << 8;
}

static uint32_t four(const unsigned char *bytes)
{
    return (uint32_t)two(bytes) | (uint32_t)two(bytes + 2) << 16;
}

bool poolgrad_npz_is_archive(const unsigned char bytes[POOLGRAD_NPZ_MAGIC])
{
    return memcmp(bytes, local_magic, sizeof local_magic) == 0 || memcmp(bytes, end_magic, sizeof end_magic) == 0;
}

/* ---- The directory ----------------------------------------------------------------------------------------------- */

static bool read_at(FILE *file, int64_t offset, void *bytes, size_t count)
{
    return offset >= 0 && offset <= LONG_MAX && fseek(file, (long)offset, SEEK_SET) == 0 &&
           fread(bytes, 1, count, file) == count;
}

static poolgrad_status refuse_memory(poolgrad_error *error)
{
    poolgrad_refuse(error, "archive", "has a directory that does not fit into memory; expected fewer members");
    return POOLGRAD_NO_MEMORY;
}

/* The end record, the last thing in the file whose comment reaches the end: its place in the tail, or -1. */
static int64_t find_end(const unsigned char *tail, int64_t size)
{
    for (int64_t at = size - END; at >= 0; at--) {
        if (memcmp(tail + at, end_magic, sizeof end_magic) == 0 && at + END + two(tail + at + 20) == size) return at;
    }
    return -1;
}

/* What the end record, at `place` in the file, says of the directory. */
static poolgrad_status read_end(const unsigned char *end, int64_t place, struct directory *directory,
                                poolgrad_error *error)
{
    directory->count = two(end + 10);
    directory->size = four(end + 12);
    directory->offset = four(end + 16);
    if (directory->count == UINT16_MAX || directory->size == elsewhere || directory->offset == elsewhere)
        return poolgrad_refuse(error, "archive", "is of the zip64 kind; expected less than 4 GiB in it");
    if (two(end + 4) != 0 || two(end + 6) != 0)
        return poolgrad_refuse(error, "archive", "is a part of several; expected it whole");
    if (directory->size > MOST_DIRECTORY)
        return poolgrad_refuse(error, "archive", "has a directory of %" PRId64 " bytes; expected at most %d",
                               directory->size, MOST_DIRECTORY);
    if (directory->offset + directory->size <= place) return POOLGRAD_OK;
    return poolgrad_refuse(error, "archive", "has its directory at byte %" PRId64 "; expected it before byte %" PRId64,
                           directory->offset, place - directory->size);
}

static poolgrad_status find_directory(FILE *file, struct directory *directory, poolgrad_error *error)
{
    static unsigned char tail[END + MOST_COMMENT];
    const long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    const int64_t count = poolgrad_min(size, sizeof tail);
    if (size < 0) return poolgrad_refuse(error, "archive", "cannot be searched; expected a file, and no pipe");
    if (!read_at(file, size - count, tail, (size_t)count))
        return poolgrad_refuse(error, "archive", "cannot be read; expected %ld bytes", size);
    const int64_t at = find_end(tail, count);
    if (at < 0) return poolgrad_refuse(error, "archive", "ends without a directory; expected it whole");
    return read_end(tail + at, size - count + at, directory, error);
}

/* On success the bytes are to be freed. */
static poolgrad_status read_directory(FILE *file, struct directory *directory, poolgrad_error *error)
{
    const poolgrad_status status = find_directory(file, directory, error);
    if (status != POOLGRAD_OK) return status;
    directory->bytes = malloc((size_t)directory->size + 1);
    if (!directory->bytes) return refuse_memory(error);
    if (read_at(file, directory->offset, directory->bytes, (size_t)directory->size)) return POOLGRAD_OK;
    free(directory->bytes);
    directory->bytes = NULL;
    (void)poolgrad_refuse(error, "archive", "has a directory that cannot be read; expected %" PRId64 " bytes",
                          directory->size);
    return POOLGRAD_INVALID;
}

/* The entry at *at, which moves behind it. False where the directory ends or is none. */
static bool next_entry(const struct directory *directory, int64_t *at, struct entry *entry)
{
    const unsigned char *bytes = directory->bytes + *at;
    if (directory->size - *at < ENTRY || memcmp(bytes, entry_magic, sizeof entry_magic) != 0) return false;
    const int length = two(bytes + 28), extra = two(bytes + 30), comment = two(bytes + 32);
    const int64_t whole = (int64_t)ENTRY + length + extra + comment;
    if (whole > directory->size - *at) return false;
    *entry = (struct entry){.name = (const char *)bytes + ENTRY,
                            .name_length = length,
                            .flags = two(bytes + 8),
                            .method = two(bytes + 10),
                            .checksum = four(bytes + 16),
                            .stored = four(bytes + 20),
                            .size = four(bytes + 24),
                            .offset = four(bytes + 42)};
    *at += whole;
    return true;
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static bool ends_with(const struct entry *entry, const char *end)
{
    const int length = (int)strlen(end);
    return entry->name_length >= length && memcmp(entry->name + entry->name_length - length, end, (size_t)length) == 0;
}

/* Letters of the name without its .npy. */
static int stem_length(const struct entry *entry)
{
    return ends_with(entry, ".npy") ? entry->name_length - 4 : entry->name_length;
}

/* Whether the entry has that name: as it stands, or without its .npy. */
static bool is_named(const struct entry *entry, const char *name, bool whole)
{
    const size_t length = strlen(name);
    return length == (size_t)(whole ? entry->name_length : stem_length(entry)) &&
           memcmp(entry->name, name, length) == 0;
}

/* How many entries have the name; the last of them. */
static int find_named(const struct directory *directory, const char *name, bool whole, struct entry *found)
{
    struct entry entry;
    int count = 0;
    for (int64_t at = 0; next_entry(directory, &at, &entry);) {
        if (!is_named(&entry, name, whole)) continue;
        *found = entry;
        count++;
    }
    return count;
}

/* "x, dy or dx" */
static void list_members(const struct directory *directory, char *text, size_t size)
{
    struct entry entry;
    size_t used = 0;
    int listed = 0;
    text[0] = '\0';
    for (int64_t at = 0; next_entry(directory, &at, &entry); listed++) {
        const char *separator = listed == 0 ? "" : listed + 1 == directory->count ? " or " : ", ";
        const int length = snprintf(text + used, size - used, "%s%.*s", separator, stem_length(&entry), entry.name);
        if (length > 0 && (size_t)length < size - used) {
            used += (size_t)length;
            continue;
        }
        snprintf(text + used, size - used, "%s", used + sizeof ", ..." <= size ? ", ..." : "");
        return;
    }
}

/* Refuses an archive without members, and what torch.save writes, an archive as well. */
static poolgrad_status check_kind(const struct directory *directory, poolgrad_error *error)
{
    struct entry entry;
    int64_t at = 0;
    while (next_entry(directory, &at, &entry)) {
        if (!ends_with(&entry, "/data.pkl")) continue;
        return poolgrad_refuse(error, "format",
                               "is that of torch.save; expected a .npy file, as numpy.save(FILE, "
                               "tensor.detach().cpu().numpy()) writes one");
    }
    if (at > 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, "archive", "has no member that can be read; expected one");
}

poolgrad_status poolgrad_npz_list(FILE *file, char *text, size_t size, poolgrad_error *error)
{
    struct directory directory = {0};
    poolgrad_status status = read_directory(file, &directory, error);
    if (status != POOLGRAD_OK) return status;
    status = check_kind(&directory, error);
    if (status == POOLGRAD_OK) list_members(&directory, text, size);
    free(directory.bytes);
    return status;
}

/* ---- A member ---------------------------------------------------------------------------------------------------- */

static poolgrad_status check_entry(const struct entry *entry, const char *name, poolgrad_error *error)
{
    if (entry->stored == elsewhere || entry->size == elsewhere || entry->offset == elsewhere)
        return poolgrad_refuse(error, "member", "%s is of the zip64 kind; expected less than 4 GiB", name);
    if (entry->flags & ENCRYPTED) return poolgrad_refuse(error, "member", "%s is encrypted; expected it plain", name);
    if (entry->method == DEFLATED && !poolgrad_can_inflate()) {
        return poolgrad_refuse(error, "member",
                               "%s is compressed; expected a poolgrad built with zlib (Debian: zlib1g-dev), or "
                               "numpy.savez in place of savez_compressed",
                               name);
    }
    if (entry->method != STORED && entry->method != DEFLATED)
        return poolgrad_refuse(error, "member", "%s is packed by method %d; expected 0 (stored) or 8 (deflated)", name,
                               entry->method);
    if (entry->method == DEFLATED || entry->stored == entry->size) return POOLGRAD_OK;
    return poolgrad_refuse(error, "member", "%s takes %" PRId64 " bytes; expected its %" PRId64, name, entry->stored,
                           entry->size);
}

/* Takes the file to the member's first byte. */
static poolgrad_status find_data(FILE *file, const struct directory *directory, const struct entry *entry,
                                 const char *name, poolgrad_error *error)
{
    unsigned char local[LOCAL];
    if (!read_at(file, entry->offset, local, sizeof local) || memcmp(local, local_magic, sizeof local_magic) != 0)
        return poolgrad_refuse(error, "member", "%s does not begin at byte %" PRId64 "; expected it there", name,
                               entry->offset);
    const int64_t begin = entry->offset + LOCAL + two(local + 26) + two(local + 28);
    if (begin + entry->stored > directory->offset)
        return poolgrad_refuse(error, "member", "%s reaches into the archive's directory; expected it before", name);
    if (begin <= LONG_MAX && fseek(file, (long)begin, SEEK_SET) == 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, "member", "%s cannot be reached; expected it at byte %" PRId64, name, begin);
}

static poolgrad_status open_entry(FILE *file, const struct directory *directory, const struct entry *entry,
                                  const char *name, struct poolgrad_npz *npz, poolgrad_error *error)
{
    poolgrad_status status = check_entry(entry, name, error);
    if (status == POOLGRAD_OK) status = find_data(file, directory, entry, name, error);
    if (status != POOLGRAD_OK) return status;
    *npz = (struct poolgrad_npz){.file = file, .size = entry->size, .wanted = entry->checksum};
    if (entry->method == STORED) return POOLGRAD_OK;
    npz->inflater = poolgrad_inflater_create(file, entry->stored);
    return npz->inflater ? POOLGRAD_OK : refuse_memory(error);
}

static poolgrad_status refuse_missing(const struct directory *directory, const char *name, poolgrad_error *error)
{
    enum { LIST = 160 };
    char list[LIST];
    const poolgrad_status status = check_kind(directory, error);
    if (status != POOLGRAD_OK) return status;
    list_members(directory, list, sizeof list);
    return poolgrad_refuse(error, "member", "%s is none of the archive's; expected %s", *name ? name : "''", list);
}

/* A whole name goes before one without its .npy. */
static poolgrad_status find_member(const struct directory *directory, const char *name, struct entry *entry,
                                   poolgrad_error *error)
{
    int count = find_named(directory, name, true, entry);
    if (count == 0) count = find_named(directory, name, false, entry);
    if (count == 0) return refuse_missing(directory, name, error);
    if (count == 1) return POOLGRAD_OK;
    return poolgrad_refuse(error, "member", "%s is in the archive %d times; expected it once", name, count);
}

poolgrad_status poolgrad_npz_open(FILE *file, const char *name, struct poolgrad_npz *npz, poolgrad_error *error)
{
    struct directory directory = {0};
    struct entry entry = {0};
    poolgrad_status status = read_directory(file, &directory, error);
    if (status != POOLGRAD_OK) return status;
    status = find_member(&directory, name, &entry, error);
    if (status == POOLGRAD_OK) status = open_entry(file, &directory, &entry, name, npz, error);
    free(directory.bytes);
    return status;
}

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

/* 4.4.7: CRC-32, reflected, by the byte. */
static uint32_t checksum(uint32_t value, const unsigned char *bytes, size_t count)
{
    enum { BYTES = 256 };
    static const uint32_t polynomial = UINT32_C(0xedb88320);
    static uint32_t table[BYTES];
    for (uint32_t i = 0; table[BYTES - 1] == 0 && i < BYTES; i++) {
        uint32_t entry = i;
        for (int bit = 0; bit < CHAR_BIT; bit++) entry = entry & 1 ? entry >> 1 ^ polynomial : entry >> 1;
        table[i] = entry;
    }
    value = ~value;
    for (size_t i = 0; i < count; i++) value = value >> CHAR_BIT ^ table[(value ^ bytes[i]) & UCHAR_MAX];
    return ~value;
}

size_t poolgrad_npz_read(struct poolgrad_npz *npz, void *data, size_t count)
{
    const size_t wanted = (size_t)poolgrad_min(npz->size - npz->taken, (int64_t)count);
    const size_t got = npz->inflater ? poolgrad_inflater_read(npz->inflater, data, wanted)
                                     : fread(data, 1, wanted, npz->file);
    npz->taken += (int64_t)got;
    npz->found = checksum(npz->found, data, got);
    return got;
}

poolgrad_status poolgrad_npz_check(const struct poolgrad_npz *npz, poolgrad_error *error)
{
    if (npz->taken == npz->size && npz->found == npz->wanted) return POOLGRAD_OK;
    return poolgrad_refuse(error, "checksum", "is %08" PRIx32 "; expected %08" PRIx32 ", the data is damaged",
                           npz->found, npz->wanted);
}

void poolgrad_npz_close(struct poolgrad_npz *npz)
{
    poolgrad_inflater_destroy(npz->inflater);
    npz->inflater = NULL;
}
