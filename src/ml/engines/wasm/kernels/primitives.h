// Written by `npm run build:kernels` from src/ml/engines/primitives.ts, which says what each primitive computes.
#ifndef PRIMITIVES_H
#define PRIMITIVES_H
#include <stdint.h>

#define OPERATION_BYTES 96
typedef struct team team;

enum { NONE = 0, RELU = 1, RELU6 = 2, SILU = 3, SIGMOID = 4, HARD_SIGMOID = 5 };

typedef struct controls {
  int seed;
  int step;
  float learningRate;
  float weightDecay;
  float firstCorrection;
  float secondCorrection;
  float averageStep;
} controls;

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
  int accumulate;
} copy_channels_op;
void run_copy_channels(const copy_channels_op *op, const team *team);

typedef struct zero_op {
  int32_t primitive;
  float *y;
  int count;
} zero_op;
void run_zero(const zero_op *op, const team *team);

typedef struct conv_op {
  int32_t primitive;
  const float *x;
  const float *filter;
  const float *scale;
  const float *shift;
  const float *residual;
  float *transformed;
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
  int activation;
} conv_op;
void run_conv(const conv_op *op, const team *team);

typedef struct conv_input_gradient_op {
  int32_t primitive;
  const float *dy;
  const float *filter;
  float *turned;
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
} conv_input_gradient_op;
void run_conv_input_gradient(const conv_input_gradient_op *op, const team *team);

typedef struct conv_filter_gradient_op {
  int32_t primitive;
  const float *x;
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
  int chunks;
} conv_filter_gradient_op;
void run_conv_filter_gradient(const conv_filter_gradient_op *op, const team *team);

typedef struct depthwise_op {
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
  int kernel;
  int stride;
  int padding;
  int dilation;
  int activation;
} depthwise_op;
void run_depthwise(const depthwise_op *op, const team *team);

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
void run_depthwise_input_gradient(const depthwise_input_gradient_op *op, const team *team);

typedef struct depthwise_filter_gradient_op {
  int32_t primitive;
  const float *x;
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
  int chunks;
} depthwise_filter_gradient_op;
void run_depthwise_filter_gradient(const depthwise_filter_gradient_op *op, const team *team);

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
void run_grouped_conv(const grouped_conv_op *op, const team *team);

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
void run_grouped_conv_input_gradient(const grouped_conv_input_gradient_op *op, const team *team);

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
void run_grouped_conv_filter_gradient(const grouped_conv_filter_gradient_op *op, const team *team);

typedef struct bias_gradient_op {
  int32_t primitive;
  const float *dy;
  float *dbias;
  int rows;
  int channels;
} bias_gradient_op;
void run_bias_gradient(const bias_gradient_op *op, const team *team);

typedef struct batch_norm_op {
  int32_t primitive;
  const float *x;
  const float *gamma;
  const float *beta;
  float *mean;
  float *variance;
  const float *residual;
  float *y;
  float *saved;
  float *partials;
  int rows;
  int channels;
  int activation;
  float eps;
  float momentum;
} batch_norm_op;
void run_batch_norm(const batch_norm_op *op, const team *team);

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
void run_batch_norm_output(const batch_norm_output_op *op, const team *team);

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
void run_batch_norm_gradient(const batch_norm_gradient_op *op, const team *team);

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
void run_fold_batch_norm(const fold_batch_norm_op *op, const team *team);

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
void run_affine(const affine_op *op, const team *team);

typedef struct activation_op {
  int32_t primitive;
  const float *x;
  float *y;
  int count;
  int activation;
} activation_op;
void run_activation(const activation_op *op, const team *team);

typedef struct activation_gradient_op {
  int32_t primitive;
  const float *x;
  const float *dy;
  float *dx;
  int count;
  int activation;
  int accumulate;
} activation_gradient_op;
void run_activation_gradient(const activation_gradient_op *op, const team *team);

typedef struct add_op {
  int32_t primitive;
  const float *a;
  const float *b;
  float *y;
  int count;
  int activation;
} add_op;
void run_add(const add_op *op, const team *team);

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
void run_multiply(const multiply_op *op, const team *team);

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
void run_multiply_gradient(const multiply_gradient_op *op, const team *team);

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
void run_max_pool(const max_pool_op *op, const team *team);

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
void run_max_pool_gradient(const max_pool_gradient_op *op, const team *team);

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
} average_pool_op;
void run_average_pool(const average_pool_op *op, const team *team);

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
  int accumulate;
} average_pool_gradient_op;
void run_average_pool_gradient(const average_pool_gradient_op *op, const team *team);

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
void run_dropout(const dropout_op *op, const team *team);

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
void run_stochastic_depth(const stochastic_depth_op *op, const team *team);

typedef struct adamw_op {
  int32_t primitive;
  float *w;
  const float *g;
  float *first;
  float *second;
  int count;
  int decay;
  float beta1;
  float beta2;
  float eps;
} adamw_op;
void run_adamw(const adamw_op *op, const team *team);

typedef struct sgd_op {
  int32_t primitive;
  float *w;
  const float *g;
  float *first;
  int count;
  int decay;
  int nesterov;
  float momentum;
} sgd_op;
void run_sgd(const sgd_op *op, const team *team);

typedef struct rmsprop_op {
  int32_t primitive;
  float *w;
  const float *g;
  float *first;
  float *second;
  int count;
  int decay;
  float alpha;
  float eps;
  float momentum;
} rmsprop_op;
void run_rmsprop(const rmsprop_op *op, const team *team);

typedef struct moving_average_op {
  int32_t primitive;
  float *average;
  const float *x;
  int count;
} moving_average_op;
void run_moving_average(const moving_average_op *op, const team *team);

/// Runs one operation's share of work of one thread.
static inline void dispatch(const void *op, const team *team) {
  switch (*(const int32_t *)op) {
    case 0: return run_copy_channels(op, team);
    case 1: return run_zero(op, team);
    case 2: return run_conv(op, team);
    case 3: return run_conv_input_gradient(op, team);
    case 4: return run_conv_filter_gradient(op, team);
    case 5: return run_depthwise(op, team);
    case 6: return run_depthwise_input_gradient(op, team);
    case 7: return run_depthwise_filter_gradient(op, team);
    case 8: return run_grouped_conv(op, team);
    case 9: return run_grouped_conv_input_gradient(op, team);
    case 10: return run_grouped_conv_filter_gradient(op, team);
    case 11: return run_bias_gradient(op, team);
    case 12: return run_batch_norm(op, team);
    case 13: return run_batch_norm_output(op, team);
    case 14: return run_batch_norm_gradient(op, team);
    case 15: return run_fold_batch_norm(op, team);
    case 16: return run_affine(op, team);
    case 17: return run_activation(op, team);
    case 18: return run_activation_gradient(op, team);
    case 19: return run_add(op, team);
    case 20: return run_multiply(op, team);
    case 21: return run_multiply_gradient(op, team);
    case 22: return run_max_pool(op, team);
    case 23: return run_max_pool_gradient(op, team);
    case 24: return run_average_pool(op, team);
    case 25: return run_average_pool_gradient(op, team);
    case 26: return run_dropout(op, team);
    case 27: return run_stochastic_depth(op, team);
    case 28: return run_adamw(op, team);
    case 29: return run_sgd(op, team);
    case 30: return run_rmsprop(op, team);
    case 31: return run_moving_average(op, team);
  }
}
#endif
