/**
 * Turns images from [count, height, width, 3] to [count, 3, height, width], as ONNX and PyTorch have them.
 *
 * @param images - how many, and their values, channels last
 * @param images.count - number of images
 * @param images.values - channels last
 * @returns the same values, channels first
 */
export function channelsFirst({
  count,
  values,
}: {
  readonly count: number;
  readonly values: Float32Array;
}): Float32Array {
  const area = values.length / count / 3;
  const turned = new Float32Array(values.length);
  for (let image = 0; image < count; image++)
    for (let pixel = 0; pixel < area; pixel++)
      for (let channel = 0; channel < 3; channel++)
        turned[(image * 3 + channel) * area + pixel] = values[(image * area + pixel) * 3 + channel] ?? 0;
  return turned;
}

/**
 * Turns maps from [count, channels, area] to [count, area, channels], as we have them.
 *
 * @param values - channels first
 * @param count - number of images
 * @param channels - of each
 * @returns the same values, channels last
 */
export function channelsLast(values: Float32Array, count: number, channels: number): Float32Array {
  const area = values.length / count / channels;
  const turned = new Float32Array(values.length);
  for (let image = 0; image < count; image++)
    for (let channel = 0; channel < channels; channel++)
      for (let pixel = 0; pixel < area; pixel++)
        turned[(image * area + pixel) * channels + channel] = values[(image * channels + channel) * area + pixel] ?? 0;
  return turned;
}
