import type { Images } from './export-format.ts';

/**
 * Turns images from [count, height, width, 3] to [count, 3, height, width], as ONNX and PyTorch have them.
 *
 * @param images - channels last
 * @returns the same values, channels first
 */
export function channelsFirst(images: Images): Float32Array {
  const { count, values } = images;
  const area = values.length / count / 3;
  const turned = new Float32Array(values.length);
  for (let image = 0; image < count; image++)
    for (let pixel = 0; pixel < area; pixel++)
      for (let channel = 0; channel < 3; channel++)
        turned[(image * 3 + channel) * area + pixel] = values[(image * area + pixel) * 3 + channel] ?? 0;
  return turned;
}
