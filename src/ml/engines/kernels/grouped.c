// Grouped and dilated convolutions, and their gradients: plain loops, for the rare layers that have no faster way.
#include "epilogue.h"

/// Where tap `tap` of output pixel (row, column) lies in the input; −1 outside.
#define input_pixel(op, image, row, column, tap) \
  pixel_inside((row) * (op)->stride - (op)->padding + (tap) / (op)->kernel * (op)->dilation, \
               (column) * (op)->stride - (op)->padding + (tap) % (op)->kernel * (op)->dilation, image, (op)->height, (op)->width)

INLINE int pixel_inside(int row, int column, int image, int height, int width) {
  return row < 0 || column < 0 || row >= height || column >= width ? -1 : (image * height + row) * width + column;
}

/// First input channel of the groups of neighbouring output channels; channels of padding follow the last group.
typedef struct starts { int first[LANES]; } starts;

INLINE starts starts_of(int channel, int groups, int inputs, int outputs) {
  starts s;
  for (int lane = 0; lane < LANES; lane++) s.first[lane] = min((channel + lane) / outputs, groups - 1) * inputs;
  return s;
}

/// The i-th input channel of a vector of output channels.
INLINE vec inputs_at(const float *x, starts s, int i) {
  vec inputs;
  UNROLL for (int lane = 0; lane < LANES; lane++) inputs[lane] = x[s.first[lane] + i];
  return inputs;
}

static void grouped_pixel(const grouped_conv_op *op, int pixel) {
  int column = pixel % op->outWidth, row = pixel / op->outWidth % op->outHeight, image = pixel / (op->outWidth * op->outHeight);
  for (int n = 0; n < op->outChannels; n += LANES) {
    starts s = starts_of(n, op->groups, op->groupInputs, op->groupOutputs);
    vec sum = splat(0);
    for (int tap = 0; tap < op->kernel * op->kernel; tap++) {
      int at = input_pixel(op, image, row, column, tap);
      if (at < 0) continue;
      const float *filter = op->filter + (intptr_t)tap * op->groupInputs * op->outChannels + n;
      for (int i = 0; i < op->groupInputs; i++)
        sum = multiply_add(inputs_at(op->x + (intptr_t)at * op->channels, s, i), load(filter + i * op->outChannels), sum);
    }
    store(op->y + (intptr_t)pixel * op->outChannels + n, sum);
  }
}

void run_grouped_conv(const grouped_conv_op *op, const team *team) {
  epilogue then = { op->scale, op->shift, op->residual, op->y, op->outChannels, op->activation };
  span pixels = share(op->batch * op->outHeight * op->outWidth, 1, team);
  for (int pixel = pixels.from; pixel < pixels.to; pixel++) {
    grouped_pixel(op, pixel);
    apply_epilogue(&then, (span){ pixel, pixel + 1 });
  }
}

/// dx of one image += what one output pixel hands back through one tap.
static void hand_back(const grouped_conv_input_gradient_op *op, const float *dy, float *dx, int tap) {
  for (int k = 0; k < op->groups * op->groupInputs; k++) {
    int group = k / op->groupInputs, row = tap * op->groupInputs + k % op->groupInputs;
    const float *filter = op->filter + (intptr_t)row * op->outChannels + group * op->groupOutputs, *g = dy + group * op->groupOutputs;
    float sum = 0;
    for (int n = 0; n < op->groupOutputs; n++) sum += g[n] * filter[n];
    dx[k] += sum;
  }
}

void run_grouped_conv_input_gradient(const grouped_conv_input_gradient_op *op, const team *team) {
  span images = share(op->batch, 1, team);
  int area = op->height * op->width * op->channels, outArea = op->outHeight * op->outWidth;
  for (int image = images.from; image < images.to; image++) {
    if (!op->accumulate) for (int i = 0; i < area; i++) op->dx[(intptr_t)image * area + i] = 0;
    for (int pixel = 0; pixel < outArea; pixel++)
      for (int tap = 0; tap < op->kernel * op->kernel; tap++) {
        int at = input_pixel(op, image, pixel / op->outWidth, pixel % op->outWidth, tap);
        const float *dy = op->dy + ((intptr_t)image * outArea + pixel) * op->outChannels;
        if (at >= 0) hand_back(op, dy, op->dx + (intptr_t)at * op->channels, tap);
      }
  }
}

/// One row of the filter gradient, (tap, input channel of each group): sums of images, added up in order.
static void filter_row(const grouped_conv_filter_gradient_op *op, int row) {
  int tap = row / op->groupInputs, i = row % op->groupInputs;
  for (int n = 0; n < op->outChannels; n += LANES) {
    starts s = starts_of(n, op->groups, op->groupInputs, op->groupOutputs);
    vec total = splat(0);
    for (int image = 0; image < op->batch; image++) {
      vec sum = splat(0);
      for (int pixel = 0; pixel < op->outHeight * op->outWidth; pixel++) {
        int at = input_pixel(op, image, pixel / op->outWidth, pixel % op->outWidth, tap);
        if (at < 0) continue;
        const float *dy = op->dy + ((intptr_t)image * op->outHeight * op->outWidth + pixel) * op->outChannels;
        sum = multiply_add(inputs_at(op->x + (intptr_t)at * op->channels, s, i), load(dy + n), sum);
      }
      total += sum;
    }
    store(op->dfilter + (intptr_t)row * op->outChannels + n, total);
  }
}

void run_grouped_conv_filter_gradient(const grouped_conv_filter_gradient_op *op, const team *team) {
  span rows = share(op->kernel * op->kernel * op->groupInputs, 1, team);
  for (int row = rows.from; row < rows.to; row++) filter_row(op, row);
}
