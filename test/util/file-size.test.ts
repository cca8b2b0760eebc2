import { expect, it } from 'vitest';
import { fileSize } from '../../src/util/file-size.ts';

it.each([
  [0, '0 B'],
  [512, '512 B'],
  [999, '999 B'],
  [1000, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [220_200_960, '210 MiB'],
  [1_073_741_824, '1.0 GiB'],
  [5e15, '4547 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(fileSize(bytes)).toBe(text);
});
