/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tail.h"

#include <string.h>

void poolgrad_tail_add(struct tail *tail, const char *bytes, size_t count)
{
    const size_t taken = count < TAIL_BYTES ? count : TAIL_BYTES;
    const size_t kept = tail->length < TAIL_BYTES - taken ? tail->length : TAIL_BYTES - taken;
    if (kept < tail->length || taken < count) tail->is_cut = true;
    memmove(tail->text, tail->text + tail->length - kept, kept);
    memcpy(tail->text + kept, bytes + count - taken, taken);
    tail->length = kept + taken;
    tail->text[tail->length] = '\0';
}

/* Bytes of the character of UTF-8 at the beginning of the text; 0: none is there. Surrogates, and forms that are longer
 * than need be, are none. */
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        unsigned long least;
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    enum { BITS = 6, CONTINUED = 0x80, CONTINUED_MASK = 0xc0 };
    static const unsigned long surrogates = 0xd800, behind_surrogates = 0xe000, last = 0x10ffff;
    for (size_t more = 0; more < sizeof forms / sizeof *forms; more++) {
        if ((text[0] & forms[more].mask) != forms[more].lead) continue;
        unsigned long value = text[0] & (unsigned char)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((text[i] & CONTINUED_MASK) != CONTINUED) return 0;
            value = value << BITS | (text[i] & (unsigned char)~CONTINUED_MASK);
        }
        const bool good = value >= forms[more].least && value <= last;
        return good && !(value >= surrogates && value < behind_surrogates) ? more + 1 : 0;
    }
    return 0;
}

void poolgrad_plain_line(char *text)
{
    enum { DELETE = 0x7f };
    char *to = text;
    for (const char *from = text; *from;) {
        const size_t length = character_length((const unsigned char *)from);
        const bool blank = length == 1 && ((unsigned char)*from <= ' ' || *from == DELETE);
        if (blank) {
            if (to > text && to[-1] != ' ') *to++ = ' ';
            from++;
        } else if (length == 0) {
            *to++ = '?';
            from++;
        } else {
            for (size_t i = 0; i < length; i++) *to++ = *from++;
        }
    }
    if (to > text && to[-1] == ' ') to--;
    *to = '\0';
}
