/* SPDX-License-Identifier: Apache-2.0
 *
 * The one C interface to a model, whatever computes it.
 *
 * An engine defines one constant `mf_model` a model; the application and the harness see nothing
 * else. A model is used from one thread; init, then any number of: fill the inputs, invoke, read
 * the outputs. Inputs share the arena with everything else: invoke overwrites them, so fill them
 * again before each call. Outputs stay valid until the inputs are next written.
 *
 * A model with state goes on from one invoke to the next: a sequence, which init and reset begin.
 *
 * Inputs and outputs that stream are nowhere as a whole: while invoke runs, the application gives
 * the rows of these inputs and takes those of these outputs. See mf_rows.
 */
#ifndef MCUFORGE_ENGINE_H
#define MCUFORGE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#define MF_ENGINE_ABI_VERSION 5

/* MF_BOOL is a byte, 0 or 1. */
typedef enum {
    MF_INT8 = 0,
    MF_UINT8 = 1,
    MF_INT16 = 2,
    MF_INT32 = 3,
    MF_FLOAT32 = 4,
    MF_INT64 = 5,
    MF_BOOL = 6
} mf_dtype;

/* MF_STOPPED: the application ended the inference, when it was asked for a row or given one. */
typedef enum { MF_OK = 0, MF_ERROR = 1, MF_STOPPED = 2 } mf_status;

#define MF_MAX_RANK 8

/* A graph input or output. real = scale * (q - zero_point) where the dtype is an integer;
 * scale is 1 and zero_point 0 where the numbers are not quantised. One that streams has
 * bytes / row_bytes rows, and no data; else row_bytes is 0. */
typedef struct {
    void *data;
    uint32_t bytes;
    mf_dtype dtype;
    uint32_t rank;
    int32_t shape[MF_MAX_RANK];
    float scale;
    int32_t zero_point;
    uint32_t row_bytes;
} mf_tensor;

/* What the application does for inputs and outputs that stream. Both are called from within invoke,
 * with the number of the tensor in `inputs` or `outputs`, and for rows 0, 1, 2, ... of each, every
 * one once. 0 lets the inference go on, anything else ends it: invoke then returns MF_STOPPED.
 *
 * `give` writes the next row of an input to `destination`, and returns when it is all there. It may
 * wait for it: for a camera, or an interrupt that fills a queue.
 * `take` gets a row of an output when it is made. `source` holds it until `take` returns.
 *
 * After MF_STOPPED the next invoke begins with row 0, and a model with state needs a reset. */
typedef struct {
    int (*give)(void *context, uint32_t input, uint32_t row, void *destination, uint32_t bytes);
    int (*take)(void *context, uint32_t output, uint32_t row, const void *source, uint32_t bytes);
    void *context;
} mf_rows;

/* Called while the output of an op is in memory: after the op for the whole of it, or where an op
 * runs row by row after each row, in turn with rows of other ops. Of what is written into the
 * output of a CONCATENATION it is called once with 0 bytes when the op has ended, and then for each
 * of the runs of bytes in which it lies there.
 * `result` numbers the outputs of all ops, in the order of the ops; `bytes` of its `total` are
 * given, from `offset` on. */
typedef void (*mf_op_hook)(void *context, uint32_t result, const void *output, uint32_t bytes,
                           uint32_t offset, uint32_t total);

typedef struct {
    const char *name;
    const char *engine; /* "aot" or "tflm" */
    uint8_t hash[32];   /* SHA-256 of the .tflite */
    uint32_t arena_bytes;
    uint32_t state_bytes;  /* kept from one invoke to the next; 0: each inference is for itself */
    uint32_t result_count; /* outputs of all ops */
    uint32_t input_count;
    uint32_t output_count;
    const mf_tensor *inputs;
    const mf_tensor *outputs;
    mf_status (*init)(void);
    mf_status (*reset)(void); /* the state as it was after init; nothing without state */
    mf_status (*invoke)(mf_op_hook hook, void *context); /* hook may be NULL */
    uint32_t (*arena_used)(void);
    /* Before invoke, where an input or output streams; a copy is kept. MF_ERROR where a function is
     * missing that is needed. NULL where nothing streams. */
    mf_status (*set_rows)(const mf_rows *rows);
} mf_model;

#endif /* MCUFORGE_ENGINE_H */
