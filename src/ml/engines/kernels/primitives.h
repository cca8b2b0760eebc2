// Written by `npm run build:kernels` from src/ml/engines: primitives.ts, which says what each primitive computes,
// kernel-constants.ts and kernels/target.ts.
#ifndef PRIMITIVES_H
#define PRIMITIVES_H
#include <stdint.h>

#define PANEL 8 // output channels of a filter panel
#define MAX_KERNEL 7 // side of the largest kernel of dense and depthwise convolutions
#define CHUNKS 32 // fixed pieces of a sum over rows
#define ZEROS 16384 // floats of padding that taps outside an image read
#define SCRATCH 524288 // floats of a thread's own
#define MOST_THREADS 64 // of a team
#define OPERATION_BYTES (sizeof(void *) == 4 ? 352 : 384) // from one record to the next
#define TILE 4 // output pixels of a side of Winograd's tiles
#define REACH 6 // input pixels of the same
#define POINTS 36 // products of a tile
#define SKEW 16 // floats between the matrices of two points, so that they do not fall on one set of a cache
#define MOST_WINOGRAD_CHANNELS 1024 // of maps that take it: what scratch has room for
#define MOST_RANK 5 // dimensions of a walk over arrays
#define MOST_INPUTS 6 // of an elementwise program
#define REGISTERS 16 // of the same; constants are numbered behind them
#define CONSTANTS 8
#define INSTRUCTIONS 24
#define STREAM_DROPOUT 0x27d4eb2fu // random streams of ml/random
#define STREAM_DEPTH 0x94d049bbu

// A function of its own: V8 finds registers for one kernel, not for all in one.
#define KERNEL static __attribute__((noinline)) void

typedef struct team team;

enum { NONE = 0, RELU = 1, RELU6 = 2, SILU = 3, SIGMOID = 4, HARD_SIGMOID = 5 };

/// Functions of elementwise programs.
enum { FUNCTION_COPY, FUNCTION_ADD, FUNCTION_SUB, FUNCTION_MUL, FUNCTION_DIV, FUNCTION_MAXIMUM, FUNCTION_MINIMUM, FUNCTION_GREATER, FUNCTION_EQUAL, FUNCTION_SELECT, FUNCTION_EXP, FUNCTION_LOG, FUNCTION_SQRT, FUNCTION_ABS, FUNCTION_SQUARE, FUNCTION_SOFTPLUS, FUNCTION_SIGMOID, FUNCTION_POW };

typedef struct controls {
  int seed;
  int step;
  float learningRate;
  float weightDecay;
  float biasCorrection1;
  float biasCorrection2Sqrt;
  float averageStep;
} controls;

/// Where a team waits for each other. `lost` is 1 once a thread has died, `patience` says for how many seconds a silent one
/// is waited for.
typedef struct barrier {
  int32_t arrived;
  int32_t generation;
  int32_t lost;
  int32_t patience;
} barrier;

/// Shared by the threads of an engine. `job` is the number of the program last started times 256 plus its team's size, in
/// one word so that a thread that wakes late cannot mistake the next team for its own; −1 tells the threads to end.
/// `ready`: threads that have come up.
typedef struct board {
  barrier barrier;
  int32_t job;
  const char *program;
  int32_t operations;
  const controls *controls;
  const float *zeros;
  float *scratch;
  int32_t ready;
} board;

typedef struct copy_channels_op {
  int32_t primitive;
  const float *x;
  float *y;
  int rows;
  int channels;
  int fromStride;
  int toStride;
  int from;
  int to;
  int fromStep;
  int toStep;
  int accumulate;
} copy_channels_op;
_Static_assert(sizeof(copy_channels_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_copy_channels(const copy_channels_op *op, const team *team);

typedef struct pad_op {
  int32_t primitive;
  const float *x;
  float *y;
  int batch;
  int height;
  int width;
  int channels;
  int stride;
  int padding;
} pad_op;
_Static_assert(sizeof(pad_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_pad(const pad_op *op, const team *team);

typedef struct zero_op {
  int32_t primitive;
  float *y;
  int count;
} zero_op;
_Static_assert(sizeof(zero_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_zero(const zero_op *op, const team *team);

typedef struct conv_op {
  int32_t primitive;
  const float *x;
  const float *inputNorm;
  const float *filter;
  const float *scale;
  const float *shift;
  const float *residual;
  float *transformed;
  float *rounded;
  float *y;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int outChannels;
  int kernel;
  int stride;
  int padding;
  int inputActivation;
  int activation;
  int bfloat16;
} conv_op;
_Static_assert(sizeof(conv_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_conv(const conv_op *op, const team *team);

typedef struct conv_input_gradient_op {
  int32_t primitive;
  const float *dy;
  const float *filter;
  float *transposed;
  float *transformed;
  float *dx;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int outChannels;
  int kernel;
  int stride;
  int padding;
  int accumulate;
  int bfloat16;
} conv_input_gradient_op;
_Static_assert(sizeof(conv_input_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_conv_input_gradient(const conv_input_gradient_op *op, const team *team);

typedef struct conv_filter_gradient_op {
  int32_t primitive;
  const float *x;
  const float *inputNorm;
  const float *dy;
  float *transformed;
  float *dfilter;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int outChannels;
  int kernel;
  int stride;
  int padding;
  int inputActivation;
  int chunks;
  int bfloat16;
} conv_filter_gradient_op;
_Static_assert(sizeof(conv_filter_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_conv_filter_gradient(const conv_filter_gradient_op *op, const team *team);

typedef struct depthwise_op {
  int32_t primitive;
  const float *x;
  const float *inputNorm;
  const float *filter;
  const float *scale;
  const float *shift;
  const float *residual;
  float *y;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int inputActivation;
  int activation;
} depthwise_op;
_Static_assert(sizeof(depthwise_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_depthwise(const depthwise_op *op, const team *team);

typedef struct depthwise_input_gradient_op {
  int32_t primitive;
  const float *dy;
  const float *filter;
  float *dx;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int accumulate;
} depthwise_input_gradient_op;
_Static_assert(sizeof(depthwise_input_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_depthwise_input_gradient(const depthwise_input_gradient_op *op, const team *team);

typedef struct depthwise_filter_gradient_op {
  int32_t primitive;
  const float *x;
  const float *inputNorm;
  const float *dy;
  float *dfilter;
  float *partials;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int inputActivation;
  int chunks;
} depthwise_filter_gradient_op;
_Static_assert(sizeof(depthwise_filter_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_depthwise_filter_gradient(const depthwise_filter_gradient_op *op, const team *team);

typedef struct grouped_conv_op {
  int32_t primitive;
  const float *x;
  const float *filter;
  const float *scale;
  const float *shift;
  const float *residual;
  float *y;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int outChannels;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int groups;
  int groupInputs;
  int groupOutputs;
  int activation;
} grouped_conv_op;
_Static_assert(sizeof(grouped_conv_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_grouped_conv(const grouped_conv_op *op, const team *team);

typedef struct grouped_conv_input_gradient_op {
  int32_t primitive;
  const float *dy;
  const float *filter;
  float *dx;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int outChannels;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int groups;
  int groupInputs;
  int groupOutputs;
  int accumulate;
} grouped_conv_input_gradient_op;
_Static_assert(sizeof(grouped_conv_input_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_grouped_conv_input_gradient(const grouped_conv_input_gradient_op *op, const team *team);

typedef struct grouped_conv_filter_gradient_op {
  int32_t primitive;
  const float *x;
  const float *dy;
  float *dfilter;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int outChannels;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int groups;
  int groupInputs;
  int groupOutputs;
} grouped_conv_filter_gradient_op;
_Static_assert(sizeof(grouped_conv_filter_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_grouped_conv_filter_gradient(const grouped_conv_filter_gradient_op *op, const team *team);

typedef struct bias_gradient_op {
  int32_t primitive;
  const float *dy;
  float *dbias;
  int rows;
  int channels;
} bias_gradient_op;
_Static_assert(sizeof(bias_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_bias_gradient(const bias_gradient_op *op, const team *team);

typedef struct batch_norm_statistics_op {
  int32_t primitive;
  const float *x;
  const float *gamma;
  const float *beta;
  float *mean;
  float *variance;
  float *saved;
  float *partials;
  int rows;
  int channels;
  float eps;
  float momentum;
} batch_norm_statistics_op;
_Static_assert(sizeof(batch_norm_statistics_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_batch_norm_statistics(const batch_norm_statistics_op *op, const team *team);

typedef struct batch_norm_output_op {
  int32_t primitive;
  const float *x;
  const float *saved;
  const float *residual;
  float *y;
  int rows;
  int channels;
  int activation;
} batch_norm_output_op;
_Static_assert(sizeof(batch_norm_output_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_batch_norm_output(const batch_norm_output_op *op, const team *team);

typedef struct batch_norm_gradient_op {
  int32_t primitive;
  const float *x;
  const float *y;
  float *dy;
  const float *saved;
  float *dgamma;
  float *dbeta;
  float *dx;
  float *partials;
  int rows;
  int channels;
  int activation;
} batch_norm_gradient_op;
_Static_assert(sizeof(batch_norm_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_batch_norm_gradient(const batch_norm_gradient_op *op, const team *team);

typedef struct fold_batch_norm_op {
  int32_t primitive;
  const float *gamma;
  const float *beta;
  const float *mean;
  const float *variance;
  float *scale;
  float *shift;
  int channels;
  float eps;
} fold_batch_norm_op;
_Static_assert(sizeof(fold_batch_norm_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_fold_batch_norm(const fold_batch_norm_op *op, const team *team);

typedef struct affine_op {
  int32_t primitive;
  const float *x;
  const float *scale;
  const float *shift;
  const float *residual;
  float *y;
  int rows;
  int channels;
  int activation;
} affine_op;
_Static_assert(sizeof(affine_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_affine(const affine_op *op, const team *team);

typedef struct activation_op {
  int32_t primitive;
  const float *x;
  float *y;
  int count;
  int activation;
} activation_op;
_Static_assert(sizeof(activation_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_activation(const activation_op *op, const team *team);

typedef struct activation_gradient_op {
  int32_t primitive;
  const float *x;
  const float *dy;
  float *dx;
  int count;
  int activation;
  int accumulate;
} activation_gradient_op;
_Static_assert(sizeof(activation_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_activation_gradient(const activation_gradient_op *op, const team *team);

typedef struct add_op {
  int32_t primitive;
  const float *a;
  const float *b;
  float *y;
  int count;
  int activation;
} add_op;
_Static_assert(sizeof(add_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_add(const add_op *op, const team *team);

typedef struct multiply_op {
  int32_t primitive;
  const float *a;
  const float *b;
  float *y;
  int rows;
  int channels;
  int area;
  int accumulate;
} multiply_op;
_Static_assert(sizeof(multiply_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_multiply(const multiply_op *op, const team *team);

typedef struct multiply_gradient_op {
  int32_t primitive;
  const float *a;
  const float *dy;
  float *db;
  int rows;
  int channels;
  int area;
  int accumulate;
} multiply_gradient_op;
_Static_assert(sizeof(multiply_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_multiply_gradient(const multiply_gradient_op *op, const team *team);

typedef struct max_pool_op {
  int32_t primitive;
  const float *x;
  float *y;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
} max_pool_op;
_Static_assert(sizeof(max_pool_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_max_pool(const max_pool_op *op, const team *team);

typedef struct max_pool_gradient_op {
  int32_t primitive;
  const float *x;
  const float *y;
  const float *dy;
  float *dx;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
  int accumulate;
} max_pool_gradient_op;
_Static_assert(sizeof(max_pool_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_max_pool_gradient(const max_pool_gradient_op *op, const team *team);

typedef struct average_pool_op {
  int32_t primitive;
  const float *x;
  float *y;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
  int countPadding;
} average_pool_op;
_Static_assert(sizeof(average_pool_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_average_pool(const average_pool_op *op, const team *team);

typedef struct average_pool_gradient_op {
  int32_t primitive;
  const float *dy;
  float *dx;
  int batch;
  int height;
  int width;
  int channels;
  int outHeight;
  int outWidth;
  int kernel;
  int stride;
  int padding;
  int countPadding;
  int accumulate;
} average_pool_gradient_op;
_Static_assert(sizeof(average_pool_gradient_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_average_pool_gradient(const average_pool_gradient_op *op, const team *team);

typedef struct dropout_op {
  int32_t primitive;
  const float *x;
  float *y;
  int rows;
  int channels;
  int stride;
  int salt;
  float rate;
  int accumulate;
} dropout_op;
_Static_assert(sizeof(dropout_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_dropout(const dropout_op *op, const team *team);

typedef struct stochastic_depth_op {
  int32_t primitive;
  const float *x;
  float *y;
  int rows;
  int channels;
  int area;
  int salt;
  float rate;
  int accumulate;
} stochastic_depth_op;
_Static_assert(sizeof(stochastic_depth_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_stochastic_depth(const stochastic_depth_op *op, const team *team);

typedef struct adamw_op {
  int32_t primitive;
  float *w;
  const float *g;
  float *expAvg;
  float *expAvgSq;
  int count;
  int decay;
  float beta1;
  float beta2;
  float eps;
} adamw_op;
_Static_assert(sizeof(adamw_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_adamw(const adamw_op *op, const team *team);

typedef struct sgd_op {
  int32_t primitive;
  float *w;
  const float *g;
  float *momentumBuffer;
  int count;
  int decay;
  int nesterov;
  float momentum;
} sgd_op;
_Static_assert(sizeof(sgd_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_sgd(const sgd_op *op, const team *team);

typedef struct rmsprop_op {
  int32_t primitive;
  float *w;
  const float *g;
  float *squareAvg;
  float *momentumBuffer;
  int count;
  int decay;
  float alpha;
  float eps;
  float momentum;
} rmsprop_op;
_Static_assert(sizeof(rmsprop_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_rmsprop(const rmsprop_op *op, const team *team);

typedef struct moving_average_op {
  int32_t primitive;
  float *average;
  const float *x;
  int count;
} moving_average_op;
_Static_assert(sizeof(moving_average_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_moving_average(const moving_average_op *op, const team *team);

typedef struct elementwise_op {
  int32_t primitive;
  const float *a;
  const float *b;
  const float *c;
  const float *d;
  const float *e;
  const float *f;
  float *y;
  int shape[5];
  int strides[30];
  int instructions;
  int code[24];
  float constants[8];
  int yStrides[5];
} elementwise_op;
_Static_assert(sizeof(elementwise_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_elementwise(const elementwise_op *op, const team *team);

typedef struct reduce_op {
  int32_t primitive;
  const float *a;
  const float *b;
  const float *c;
  const float *d;
  const float *e;
  const float *f;
  float *y;
  float *partials;
  int shape[5];
  int strides[30];
  int instructions;
  int code[24];
  float constants[8];
  int reduced;
  int largest;
  int chunks;
} reduce_op;
_Static_assert(sizeof(reduce_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_reduce(const reduce_op *op, const team *team);

typedef struct matrix_product_op {
  int32_t primitive;
  const float *a;
  const float *b;
  float *y;
  int batch;
  int rows;
  int columns;
  int depth;
  int aBatch;
  int aRow;
  int aDepth;
  int bBatch;
  int bDepth;
  int bColumn;
} matrix_product_op;
_Static_assert(sizeof(matrix_product_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_matrix_product(const matrix_product_op *op, const team *team);

typedef struct right_singular_vectors_op {
  int32_t primitive;
  const float *x;
  float *y;
  float *work;
  int batch;
  int rows;
  int columns;
  int chunks;
} right_singular_vectors_op;
_Static_assert(sizeof(right_singular_vectors_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_right_singular_vectors(const right_singular_vectors_op *op, const team *team);

typedef struct gather_op {
  int32_t primitive;
  const float *table;
  const float *places;
  float *y;
  int rows;
  int columns;
} gather_op;
_Static_assert(sizeof(gather_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_gather(const gather_op *op, const team *team);

typedef struct scatter_op {
  int32_t primitive;
  const float *x;
  const float *places;
  float *table;
  int rows;
  int columns;
} scatter_op;
_Static_assert(sizeof(scatter_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_scatter(const scatter_op *op, const team *team);

typedef struct gather_products_op {
  int32_t primitive;
  const float *x;
  const float *table;
  const float *places;
  float *y;
  int rows;
  int each;
  int columns;
} gather_products_op;
_Static_assert(sizeof(gather_products_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_gather_products(const gather_products_op *op, const team *team);

typedef struct gather_sums_op {
  int32_t primitive;
  const float *x;
  const float *table;
  const float *places;
  float *y;
  int rows;
  int each;
  int columns;
} gather_sums_op;
_Static_assert(sizeof(gather_sums_op) <= OPERATION_BYTES, "room for the record");
KERNEL run_gather_sums(const gather_sums_op *op, const team *team);

/// Runs one operation's share of work of one thread.
static inline void dispatch(const void *op, const team *team) {
  switch (*(const int32_t *)op) {
    case 0: return run_copy_channels(op, team);
    case 1: return run_pad(op, team);
    case 2: return run_zero(op, team);
    case 3: return run_conv(op, team);
    case 4: return run_conv_input_gradient(op, team);
    case 5: return run_conv_filter_gradient(op, team);
    case 6: return run_depthwise(op, team);
    case 7: return run_depthwise_input_gradient(op, team);
    case 8: return run_depthwise_filter_gradient(op, team);
    case 9: return run_grouped_conv(op, team);
    case 10: return run_grouped_conv_input_gradient(op, team);
    case 11: return run_grouped_conv_filter_gradient(op, team);
    case 12: return run_bias_gradient(op, team);
    case 13: return run_batch_norm_statistics(op, team);
    case 14: return run_batch_norm_output(op, team);
    case 15: return run_batch_norm_gradient(op, team);
    case 16: return run_fold_batch_norm(op, team);
    case 17: return run_affine(op, team);
    case 18: return run_activation(op, team);
    case 19: return run_activation_gradient(op, team);
    case 20: return run_add(op, team);
    case 21: return run_multiply(op, team);
    case 22: return run_multiply_gradient(op, team);
    case 23: return run_max_pool(op, team);
    case 24: return run_max_pool_gradient(op, team);
    case 25: return run_average_pool(op, team);
    case 26: return run_average_pool_gradient(op, team);
    case 27: return run_dropout(op, team);
    case 28: return run_stochastic_depth(op, team);
    case 29: return run_adamw(op, team);
    case 30: return run_sgd(op, team);
    case 31: return run_rmsprop(op, team);
    case 32: return run_moving_average(op, team);
    case 33: return run_elementwise(op, team);
    case 34: return run_reduce(op, team);
    case 35: return run_matrix_product(op, team);
    case 36: return run_right_singular_vectors(op, team);
    case 37: return run_gather(op, team);
    case 38: return run_scatter(op, team);
    case 39: return run_gather_products(op, team);
    case 40: return run_gather_sums(op, team);
  }
}
#endif
