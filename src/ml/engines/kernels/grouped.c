// Grouped and dilated convolutions, and their gradients. The sums of a few pixels by some vectors of one group's channels stay in
// registers. The input gradient of a filter that is wider than a point takes plain loops.
#include "epilogue.h"
#include "patches.h"

#define SOME_PIXELS 4
#define SOME_VECTORS 3 // by four pixels: twelve sums, three vectors of filters and a broadcast of sixteen registers

/// Where tap `tap` of output pixel (row, column) lies in the input; −1 outside.
#define input_pixel(op, image, row, column, tap) \
  pixel_inside((row) * (op)->stride - (op)->padding + (tap) / (op)->kernel * (op)->dilation, \
               (column) * (op)->stride - (op)->padding + (tap) % (op)->kernel * (op)->dilation, image, (op)->height, (op)->width)

INLINE int pixel_inside(int row, int column, int image, int height, int width) {
  return row < 0 || column < 0 || row >= height || column >= width ? -1 : (image * height + row) * width + column;
}

/// Some vectors of the channels of one group, which begin anywhere in a row.
typedef struct slice {
  span live; // channels that belong to these vectors
  int at[SOME_VECTORS]; // first channel of each; the last ones of a row are moved back to end with it
} slice;

/// Channels of a group of `size`; those of padding belong to the last group.
INLINE span channels_of(int group, int groups, int size, int channels) {
  return (span){ group * size, group == groups - 1 ? channels : (group + 1) * size };
}

INLINE int vectors_of(int channels, const int most) { return min(most, (channels + LANES - 1) / LANES); }

INLINE slice slice_of(const int vectors, span group, int n, int channels) {
  slice c;
  c.live = (span){ n, min(n + vectors * LANES, group.to) };
  UNROLL for (int j = 0; j < vectors; j++) c.at[j] = min(n + j * LANES, channels - LANES);
  return c;
}

/// Writes channels `from` to `to` of a vector that begins at `at`.
static __attribute__((noinline)) void store_lanes(float *row, int from, int to, vec x, int at) {
  for (int channel = from; channel < to; channel++) row[channel] = x[channel - at];
}

/// Writes those lanes of vector j that belong to it, or adds them to what is there.
INLINE void store_slice(float *row, const slice *c, int j, vec x, int accumulate) {
  if (accumulate) x += load(row + c->at[j]);
  int from = c->live.from + j * LANES, to = min(from + LANES, c->live.to);
  if (to == from + LANES) store(row + from, x);
  else store_lanes(row, from, to, x, c->at[j]);
}

/// Calls `function` with a number of vectors, `most` or fewer, as a constant before the other arguments.
#define for_vectors(most, vectors, function, ...) \
  switch (vectors) { \
    case 3: if ((most) >= 3) function(3, __VA_ARGS__); break; \
    case 2: if ((most) >= 2) function(2, __VA_ARGS__); break; \
    case 1: function(1, __VA_ARGS__); break; \
  }

/// Output pixels from `from` on by some channels of a group from n, whose first input channel is `first`.
INLINE void grouped_tile(const int vectors, const int pixels, const grouped_conv_op *op, const pixel *places, int from, int first, span group, int n, int accumulate, const float *zeros) {
  slice c = slice_of(vectors, group, n, op->outChannels);
  vec sums[SOME_PIXELS][SOME_VECTORS];
  UNROLL for (int k = 0; k < pixels; k++) UNROLL for (int j = 0; j < vectors; j++) sums[k][j] = splat(0);
  const float *filter = op->filter;
  for (int tap = 0; tap < op->kernel * op->kernel; tap++) {
    const float *rows[SOME_PIXELS];
    UNROLL for (int k = 0; k < pixels; k++) {
      int at = input_pixel(op, places[k].image, places[k].row, places[k].column, tap);
      rows[k] = at < 0 ? zeros : op->x + (intptr_t)at * op->channels + first;
    }
    ROLLED for (int i = 0; i < op->groupInputs; i++, filter += op->outChannels) {
      vec factors[SOME_VECTORS];
      UNROLL for (int j = 0; j < vectors; j++) factors[j] = load(filter + c.at[j]);
      UNROLL for (int k = 0; k < pixels; k++) {
        vec x = splat(rows[k][i]);
        UNROLL for (int j = 0; j < vectors; j++) sums[k][j] = multiply_add(x, factors[j], sums[k][j]);
      }
    }
  }
  UNROLL for (int k = 0; k < pixels; k++)
    UNROLL for (int j = 0; j < vectors; j++) store_slice(op->y + (intptr_t)(from + k) * op->outChannels, &c, j, sums[k][j], accumulate);
}

/// All channels of some output pixels.
INLINE void grouped_pixels(const int most, const int pixels, const grouped_conv_op *op, int from, int accumulate, const float *zeros) {
  pixel places[SOME_PIXELS];
  patches output = { .rows = op->outHeight, .columns = op->outWidth };
  UNROLL for (int k = 0; k < pixels; k++) places[k] = pixel_at(&output, from + k);
  for (int g = 0; g < op->groups; g++) {
    span group = channels_of(g, op->groups, op->groupOutputs, op->outChannels);
    for (int n = group.from, vectors; n < group.to; n += vectors * LANES) {
      vectors = vectors_of(group.to - n, most);
      for_vectors(most, vectors, grouped_tile, pixels, op, places, from, g * op->groupInputs, group, n, accumulate, zeros)
    }
  }
  epilogue then = { op->scale, op->shift, op->residual, op->y, op->outChannels, op->activation };
  apply_epilogue(&then, (span){ from, from + pixels });
}

static void grouped_products(const grouped_conv_op *op, int accumulate, const team *team) {
  span pixels = share(op->batch * op->outHeight * op->outWidth, SOME_PIXELS, team);
  int from = pixels.from;
  for (; from + SOME_PIXELS <= pixels.to; from += SOME_PIXELS) grouped_pixels(SOME_VECTORS, SOME_PIXELS, op, from, accumulate, team->zeros);
  for (; from < pixels.to; from++) grouped_pixels(1, 1, op, from, accumulate, team->zeros);
}

void run_grouped_conv(const grouped_conv_op *op, const team *team) { grouped_products(op, 0, team); }

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

/// The gradient of a pointwise product is one by the filter with inputs and outputs of its groups swapped, [groupOutputs][channels].
static void pointwise_input_gradient(const grouped_conv_input_gradient_op *op, const team *team) {
  float *swapped = team->scratch;
  for (int n = 0; n < op->groupOutputs; n++, swapped += op->channels) {
    for (int k = 0; k < op->groups * op->groupInputs; k++)
      swapped[k] = op->filter[(intptr_t)(k % op->groupInputs) * op->outChannels + k / op->groupInputs * op->groupOutputs + n];
    for (int k = op->groups * op->groupInputs; k < op->channels; k++) swapped[k] = 0;
  }
  grouped_conv_op product = {
    .x = op->dy, .filter = team->scratch, .y = op->dx, .batch = op->batch,
    .height = op->outHeight, .width = op->outWidth, .channels = op->outChannels,
    .outHeight = op->height, .outWidth = op->width, .outChannels = op->channels,
    .kernel = 1, .stride = 1, .dilation = 1,
    .groups = op->groups, .groupInputs = op->groupOutputs, .groupOutputs = op->groupInputs,
  };
  grouped_products(&product, op->accumulate, team);
}

void run_grouped_conv_input_gradient(const grouped_conv_input_gradient_op *op, const team *team) {
  int pointwise = op->kernel == 1 && op->stride == 1 && op->padding == 0;
  if (pointwise && op->channels % LANES == 0 && (intptr_t)op->groupOutputs * op->channels <= SCRATCH)
    return pointwise_input_gradient(op, team);
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

/// Some rows of the filter's gradient, input channels of one group at a tap, by some of its output channels: what one image adds.
INLINE void filter_tile(const int vectors, const int inputs, const grouped_conv_filter_gradient_op *op, int image, int tap, int input, int first, span group, int n) {
  slice c = slice_of(vectors, group, n, op->outChannels);
  vec sums[SOME_PIXELS][SOME_VECTORS];
  UNROLL for (int k = 0; k < inputs; k++) UNROLL for (int j = 0; j < vectors; j++) sums[k][j] = splat(0);
  const float *dy = op->dy + (intptr_t)image * op->outHeight * op->outWidth * op->outChannels;
  for (int row = 0; row < op->outHeight; row++)
    ROLLED for (int column = 0; column < op->outWidth; column++, dy += op->outChannels) {
      int at = input_pixel(op, image, row, column, tap);
      if (at < 0) continue;
      const float *x = op->x + (intptr_t)at * op->channels + first + input;
      vec factors[SOME_VECTORS];
      UNROLL for (int j = 0; j < vectors; j++) factors[j] = load(dy + c.at[j]);
      UNROLL for (int k = 0; k < inputs; k++) {
        vec factor = splat(x[k]);
        UNROLL for (int j = 0; j < vectors; j++) sums[k][j] = multiply_add(factor, factors[j], sums[k][j]);
      }
    }
  float *to = op->dfilter + (intptr_t)(tap * op->groupInputs + input) * op->outChannels;
  UNROLL for (int k = 0; k < inputs; k++)
    UNROLL for (int j = 0; j < vectors; j++) store_slice(to + k * op->outChannels, &c, j, sums[k][j], image > 0);
}

/// Some input channels of a group by all its output channels.
INLINE void filter_rows(const int most, const int inputs, const grouped_conv_filter_gradient_op *op, int image, int tap, int g, int input) {
  span group = channels_of(g, op->groups, op->groupOutputs, op->outChannels);
  for (int n = group.from, vectors; n < group.to; n += vectors * LANES) {
    vectors = vectors_of(group.to - n, most);
    for_vectors(most, vectors, filter_tile, inputs, op, image, tap, input, g * op->groupInputs, group, n)
  }
}

/// Sums of images, added up in order: all rows of one before the next, which is in the cache meanwhile.
void run_grouped_conv_filter_gradient(const grouped_conv_filter_gradient_op *op, const team *team) {
  int tiles = (op->groupInputs + SOME_PIXELS - 1) / SOME_PIXELS;
  span parts = share(op->kernel * op->kernel * op->groups * tiles, 1, team);
  for (int image = 0; image < op->batch; image++)
    for (int part = parts.from; part < parts.to; part++) {
      int input = part % tiles * SOME_PIXELS, g = part / tiles % op->groups, tap = part / tiles / op->groups;
      if (input + SOME_PIXELS <= op->groupInputs) filter_rows(SOME_VECTORS, SOME_PIXELS, op, image, tap, g, input);
      else for (; input < op->groupInputs; input++) filter_rows(1, 1, op, image, tap, g, input);
    }
}
