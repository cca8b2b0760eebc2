import { fail } from '../../core/failure.ts';
import type { FileForm } from '../../util/file-form.ts';

const EXPORT = 'save the weights alone with PyTorch: torch.save(model.state_dict(), path)';
const UNPACK = 'unpack it, and name the file of weights in it';
const AGAIN =
  'open its address in a browser, see what it wants (another address, a login), and download the file again';

/** What to do about a file that is something else, by what it is. */
const FIXES: Readonly<Record<string, string>> = {
  empty: 'download or export it again',
  lfs: 'run git lfs pull in its repository, or download the file itself',
  page: AGAIN,
  json: AGAIN,
  torchscript: 'load it with PyTorch and save its weights: torch.save(torch.jit.load(path).state_dict(), other)',
  onnx: EXPORT,
  hdf5: 'take the weights of its PyTorch version: Keras lays tensors out in another way, under other names',
  tflite: EXPORT,
  numpy: 'write it as .safetensors under the names of the model: safetensors.numpy.save_file(arrays, path)',
  gzip: UNPACK,
  bzip2: UNPACK,
  xz: UNPACK,
  zstd: UNPACK,
  '7z': UNPACK,
  rar: UNPACK,
  tar: 'unpack it, and name the file of weights in it; a file of torch.save before 0.2 has to be saved again by PyTorch',
  zip: UNPACK,
};

/**
 * Refuses a file that is no file of weights, by what it is.
 *
 * @param form - what it is
 * @param file - its name
 * @returns nothing: it throws
 * @throws FailureError `not-weights`
 */
export function failNoWeights(form: FileForm, file: string): never {
  return fail({
    code: 'not-weights',
    message: `${file} is ${form.name}`,
    place: { file },
    expected: 'weights: a .safetensors file, or a file of torch.save (.pth, .pt, .bin, .ckpt)',
    fix: FIXES[form.id] ?? 'name the file of weights',
  });
}
