/* SPDX-License-Identifier: Apache-2.0 */
/* A program that calls nothing but functions of poolgrad_json: a kernel from a text. */
#include <poolgrad/json.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    static const char text[] = "{\"class\": \"pooling\", \"kind\": \"max\", \"kernel_width\": 3, \"kernel_height\": 2}";
    poolgrad_json *json;
    poolgrad_json_error error;
    if (poolgrad_json_read(text, strlen(text), &json, &error) != POOLGRAD_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    poolgrad_pooling kernel;
    const int read = poolgrad_json_pooling(json, &kernel, sizeof kernel);
    poolgrad_json_destroy(json);
    return read && kernel.kind == POOLGRAD_MAX && kernel.kernel_width == 3 && kernel.kernel_height == 2 ? 0 : 1;
}
